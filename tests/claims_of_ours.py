"""Equations about small networks: right ones, and what people get wrong about them."""

from __future__ import annotations

from typing import Any, NamedTuple

SLIDING = {
    "sizes": {"R": ">=1"},
    "tensors": {"u": ["M"], "k": ["B"]},
    "define": ["v = Conv1d(u, k, stride=R)", "J = f(v)"],
    "facts": [r"B \le M"],
    "notation": {"e": "cotangent of v", "Q": "extent 1 of v"},
}
PATCHES = {
    "conventions": {"index_base": 1},
    "tensors": {"P": [4, 6], "F": [2, 2], "c": [3, 5]},
    "define": [
        r"Z_{i,j} = \sum_{a=1}^{2}\sum_{b=1}^{2} P_{i+a-1,j+b-1} F_{a,b} for i=1..3, j=1..5",
        r"J = \sum_{i=1}^{3}\sum_{j=1}^{5} c_{i,j} Z_{i,j}",
    ],
}
HEAT = {
    "tensors": {"s": ["m"], r"\beta": []},
    "define": [
        r"r_{i} = \beta s_i",
        r"p_{i} = \frac{e^{r_i}}{\sum_{k} e^{r_k}}",
    ],
    "facts": [r"\beta > 0"],
}
FIT = {
    "tensors": {"a": ["n", "d"], "g": ["n"], "w": ["d"]},
    "define": [r"h_{i} = \sum_{j} a_{i,j} w_j", r"E = \frac{1}{n}\sum_{i}(h_i - g_i)^2"],
}
MAPS = {
    "conventions": {"layout": "shape"},
    "tensors": {"A": ["r", "s"], "X": ["s", "N"]},
    "define": ["Y = A X", "J = f(Y)"],
    "notation": {"G": "cotangent of Y"},
}
NORM = {
    "sizes": {"q": 4},
    "tensors": {"x": [5]},
    "define": [r"N_q = \left(\sum_{i=1}^{5} x_i^{q}\right)^{1/q}"],
    "facts": ["x_{i} > 0"],
}
GRID = {
    "conventions": {"index_base": 1},
    "tensors": {"t": [2, 3, 5]},
    "define": ["o = Flatten(t, start_dim=0)"],
}
RIDGE = {"tensors": {"V": ["a", "b"], r"\mu": []}}
TABLE = {
    "conventions": {"index_base": 1},
    "tensors": {"P": [3, 3], "F": [2, 2]},
    "define": ["Z = Conv2d(P, F)", r"J = \sum_{i,j} Z_{i,j}"],
    "values": {"P": [[1, 2, 0], [0, 1, 1], [2, 0, 1]], "F": [[1, 2], [3, 5]]},
}


class Ours(NamedTuple):
    """An equation with its verdict, and a part of its condition or suggestion."""

    given: dict[str, Any]
    claim: str
    status: str
    told: str = ""


CLAIMS = [
    # a convolution with a free stride
    Ours(SLIDING, r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{R(i-1)+b}", "holds"),
    Ours(SLIDING, r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{i+b-1}", "holds if", "R = 1"),
    Ours(SLIDING, r"\frac{\partial J}{\partial k_b} = \sum_{i} e_i u_{R(i-1)+b-1}", "wrong"),
    Ours(SLIDING, r"Q = \left\lfloor\frac{M-B}{R}\right\rfloor+1", "holds"),
    Ours(SLIDING, r"Q = \frac{M-B}{R}+1", "holds if", r"R \mid M-B"),
    Ours(SLIDING, r"Q = M-B+1", "holds if", "R = 1"),
    Ours(SLIDING, r"Q = \left\lfloor\frac{M-B}{R}\right\rfloor", "wrong", "+1"),
    # element by element
    Ours(
        PATCHES,
        r"\frac{\partial J}{\partial P_{22}} = c_{11}F_{22} + c_{12}F_{21} + c_{21}F_{12} + "
        r"c_{22}F_{11}",
        "holds",
    ),
    Ours(
        PATCHES,
        r"\frac{\partial J}{\partial P_{22}} = c_{11}F_{22} + c_{12}F_{21} + c_{31}F_{12} + "
        r"c_{22}F_{11}",
        "wrong",
        "c_{31} → c_{21}",
    ),
    Ours(
        PATCHES,
        r"\frac{\partial J}{\partial F_{a,b}} = \sum_{i,j} c_{i,j} P_{i+a,j+b}",
        "wrong",
        "P_{i+a-1,j+b-1}",
    ),
    Ours(
        PATCHES,
        r"\frac{\partial J}{\partial F_{a,b}} = \sum_{i,j} c_{i,j} P_{i-a+2,j-b+2}",
        "convention",
        "flipped",
    ),
    Ours(
        PATCHES,
        r"\frac{\partial J}{\partial P_{y,x}} = \sum_{i=1}^{3}\sum_{j=1}^{5} c_{i,j}"
        r"F_{y-i+1,x-j+1}",
        "holds if",
        "outside",
    ),
    # a softmax with an inverse temperature
    Ours(HEAT, r"\frac{\partial p_i}{\partial s_j} = \beta p_i(\delta_{ij} - p_j)", "holds"),
    Ours(
        HEAT,
        r"\frac{\partial p_i}{\partial s_j} = p_i(\delta_{ij} - p_j)",
        "holds if",
        r"\beta = 1",
    ),
    Ours(
        HEAT,
        r"\frac{\partial p_i}{\partial s_j} = \beta p_i(\delta_{ij} - p_i)",
        "wrong",
        "p_i → p_j",
    ),
    Ours(HEAT, r"\frac{\partial p_i}{\partial s_j} = \beta p_i(1 - p_i)", "wrong", "i = j"),
    # least squares
    Ours(FIT, r"\frac{\partial E}{\partial w_j} = \frac{2}{n}\sum_{i}(h_i - g_i) a_{i,j}", "holds"),
    Ours(
        FIT,
        r"\frac{\partial E}{\partial w_j} = 2\sum_{i}(h_i - g_i) a_{i,j}",
        "convention",
        "reduction",
    ),
    Ours(
        FIT,
        r"\frac{\partial E}{\partial w_j} = \frac{1}{n}\sum_{i}(h_i - g_i) a_{i,j}",
        "convention",
        "½",
    ),
    Ours(
        FIT,
        r"\frac{\partial E}{\partial w_j} = -\frac{2}{n}\sum_{i}(h_i - g_i) a_{i,j}",
        "wrong",
        "-1",
    ),
    Ours(
        FIT,
        r"\frac{\partial E}{\partial w_j} = \sum_{i}\frac{\partial E}{\partial h_i} a_{i,i} "
        r"= \frac{2}{n}\sum_{i}(h_i - g_i) a_{i,j}",
        "wrong",
        "a_{i,j}",
    ),
    # whole arrays
    Ours(MAPS, r"\frac{\partial J}{\partial A} = G X^{\top}", "holds"),
    Ours(MAPS, r"\frac{\partial J}{\partial A} = X G^{\top}", "convention", "layout"),
    Ours(MAPS, r"\frac{\partial J}{\partial X} = A G", "wrong"),
    Ours(MAPS, r"\frac{\partial J}{\partial X} = A^{\top} G = \nabla_X J", "holds"),
    Ours(MAPS, r"\frac{\partial J}{\partial A} = H X^{\top}", "undefined", "H"),
    Ours(MAPS, r"\frac{\partial J}{\partial A} = G X^{\top", "unreadable"),
    # powers, reshapes, penalties, functions, tables
    Ours(NORM, r"\frac{\partial N_q}{\partial x_i} = x_i^{q-1} N_q^{1-q}", "holds"),
    Ours(NORM, r"\frac{\partial N_q}{\partial x_i} = x_i^{q} N_q^{1-q}", "wrong", "x_i^{q-1}"),
    Ours(
        NORM,
        r"N_q = \left(\frac{1}{5}\sum_{i=1}^{5} x_i^{q}\right)^{1/q}",
        "convention",
        "power mean",
    ),
    Ours(GRID, r"o_{k} = t_{a,b,c},\quad k = (a-1)\cdot 15+(b-1)\cdot 5+c", "holds"),
    Ours(GRID, r"o_{k} = t_{a,b,c},\quad k = (a-1)\cdot 15+(b-1)\cdot 3+c", "wrong"),
    Ours(RIDGE, r"\frac{\partial}{\partial V_{ij}} \mu\sum_{k,l} V_{kl}^2 = 2\mu V_{ij}", "holds"),
    Ours(
        RIDGE,
        r"\frac{\partial}{\partial V_{ij}} \mu\sum_{k,l} V_{kl}^2 = \mu V_{ij}",
        "convention",
        "½",
    ),
    Ours(TABLE, r"\frac{\partial J}{\partial F} = \begin{bmatrix}4&4\\3&3\end{bmatrix}", "holds"),
    Ours(
        TABLE,
        r"\frac{\partial J}{\partial F} = \begin{bmatrix}4&4\\2&3\end{bmatrix}",
        "wrong",
        "entry (2,1) is 3, not 2",
    ),
]
