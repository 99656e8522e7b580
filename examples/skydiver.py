"""A skydiver falls from 4000 m: how fast does the air pressure around her rise after ten seconds?

python examples/skydiver.py
"""

import numpy as np

import glassgrad as gg


def pressure(t):
    height = 4000 - 0.5 * 9.8 * t**2  # metres
    return 101325 * np.exp(-0.0001 * height)  # pascals


def main():
    # The distance fallen is g(t) = 4.9 t², so g′(t) = +9.8 t is her speed downwards. Her height is h(t) = 4000 - g(t),
    # so h′(t) = -9.8 t: the height shrinks, and with it the minus sign of the exponent the pressure grows.
    fall = gg.derive("p = 101325*exp(-0.0001*h)", let="h = 4000 - 0.5*9.8*t**2", at="t=10")
    print(fall)

    # The same from a NumPy function.
    print(f"\ngrad(pressure)(10.0) = {gg.grad(pressure)(10.0):.3f} Pa/s")


if __name__ == "__main__":
    main()
