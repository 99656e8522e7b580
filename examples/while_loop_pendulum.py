"""How does the half-period of a pendulum depend on its length? The simulation ends when the pendulum turns round,
so the number of steps depends on the length; reverse mode follows it without being given a bound.

    python examples/while_loop_pendulum.py
"""

import numpy as np

import glassgrad as gg

GRAVITY = 9.81
STEP = 1e-3  # seconds


def half_period(length, start_angle=0.3):
    """The time until a pendulum released at the start angle stands still on the other side."""

    def acceleration(angle):
        # The force is itself a gradient: minus that of the potential, -g cos(angle) / length.
        return gg.grad(lambda a: GRAVITY * np.cos(a) / length)(angle)

    def swings(state):
        _, _, speed = state
        return speed <= 0

    def moved(state):
        time, angle, speed = state
        speed = speed + STEP * acceleration(angle)  # symplectic Euler
        return time + STEP, angle + STEP * speed, speed

    time, angle, speed = gg.while_loop(swings, moved, (0.0 * length, start_angle + 0.0 * length, 0.0 * length - 1e-9))
    # The last step overshoots: the time at which the speed was exactly 0 lies speed / acceleration before it.
    return time - speed / acceleration(angle)


def main():
    length = 1.0
    time, slope = gg.value_and_grad(half_period)(length)
    print(f"half-period {time:.6f} s, slope {slope:.6f} s/m")

    difference = (half_period(length + 1e-4) - half_period(length - 1e-4)) / 2e-4
    small_swings = np.pi / 2 / np.sqrt(GRAVITY * length)
    print(f"central difference {difference:.6f}, formula for small swings {small_swings:.6f}")

    print(f"by forward mode {gg.jvp(half_period, (length,), (1.0,))[1]:.6f}")


if __name__ == "__main__":
    main()
