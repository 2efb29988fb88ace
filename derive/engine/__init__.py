"""The engine: applies rules in phases, records steps, differentiates programs."""
