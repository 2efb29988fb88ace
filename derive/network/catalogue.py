"""All kinds of layers and losses, by the names they have in `torch.nn`."""

from __future__ import annotations

from derive.network.activation import (
    ELU,
    GELU,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softsign,
    Tanh,
)
from derive.network.convolution import Conv1d, Conv2d, Conv3d
from derive.network.embedding import Embedding
from derive.network.fold import Fold, Unfold
from derive.network.layer import LayerKind
from derive.network.linear import Linear
from derive.network.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from derive.network.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d, LayerNorm
from derive.network.padding import (
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
)
from derive.network.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from derive.network.rearrange import (
    Permute,
    Reshape,
    Squeeze,
    Stack,
    Transpose,
    Unflatten,
    Unsqueeze,
    View,
)
from derive.network.reshape import Flatten, Upsample
from derive.network.transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

_LAYERS: tuple[type[LayerKind], ...] = (
    *(Conv1d, Conv2d, Conv3d),
    *(ConvTranspose1d, ConvTranspose2d, ConvTranspose3d),
    *(ZeroPad1d, ZeroPad2d, ZeroPad3d),
    *(ConstantPad1d, ConstantPad2d, ConstantPad3d),
    *(MaxPool1d, MaxPool2d, MaxPool3d),
    *(AvgPool1d, AvgPool2d, AvgPool3d),
    *(LPPool1d, LPPool2d, LPPool3d),
    *(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d),
    *(Flatten, Unflatten, Reshape, View, Permute, Transpose, Squeeze, Unsqueeze, Stack),
    *(Unfold, Fold, Upsample, Linear, Embedding),
    *(BatchNorm1d, BatchNorm2d, BatchNorm3d, LayerNorm),
    *(
        ReLU,
        Sigmoid,
        Tanh,
        LeakyReLU,
        ELU,
        GELU,
        SiLU,
        Softplus,
        Softsign,
        LogSigmoid,
        Hardtanh,
        ReLU6,
    ),
    *(Identity, Softmax, LogSoftmax, Softmin),
)
_LOSSES: tuple[type[Loss], ...] = (
    *(CrossEntropyLoss, NLLLoss, BCELoss, BCEWithLogitsLoss, KLDivLoss),
    *(MSELoss, L1Loss, SmoothL1Loss, HuberLoss),
)

LAYERS: dict[str, type[LayerKind]] = {kind.__name__: kind for kind in _LAYERS}
LOSSES: dict[str, type[Loss]] = {kind.__name__: kind for kind in _LOSSES}


def description(kind: type[LayerKind]) -> str:
    """One line on what a kind of layer does."""
    return (kind.__doc__ or "").strip().splitlines()[0]
