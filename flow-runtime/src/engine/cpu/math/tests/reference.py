"""Fills the table of reference values: python reference.py < reference.txt > new.txt (needs mpmath).

A line has the function, its argument, the result rounded to a double, and what rounding took away, in units in the last
place of the result. Only the first two columns are read.
"""
import sys

from mpmath import cos, erf, erfc, exp, expm1, floor, log, log1p, mp, mpf, sin, tanh

mp.dps = 420  # 1 + e^-745 is not 1
FUNCTIONS = {
    "Exp": exp,
    "ExpM1": expm1,
    "ExpM1OfNegative": expm1,
    "Tanh": tanh,
    "Sigmoid": lambda x: 1 / (1 + exp(-x)),
    "Sin": sin,
    "Cos": cos,
    "Erf": erf,
    "Erfc": erfc,
    "Softplus": lambda x: log1p(exp(x)),
    "Ln1pOfUnit": log1p,
}

for line in sys.stdin:
    name, argument = line.split()[:2]
    value = FUNCTIONS[name](mpf(float(argument)))
    rounded = float(value)
    exponent = max(int(floor(log(abs(value), 2))), -1022) if value else -1022
    rest = (value - mpf(rounded)) / mpf(2) ** (exponent - 52)
    print(name, argument, repr(rounded), f"{float(rest):.3f}")
