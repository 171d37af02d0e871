//! Test problems with the names of the DETEST set.

use std::f64::consts::PI;

/// `x' = field(t, x)` with `x(0) = x0`.
pub struct Problem<const N: usize> {
    pub name: &'static str,
    pub field: fn(f64, &[f64; N]) -> [f64; N],
    pub x0: [f64; N],
}

/// Largest difference between two states, relative to the largest coordinate of the second.
pub fn relative_error<const N: usize>(x: &[f64; N], exact: &[f64; N]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |max: f64, v| max.max(v.abs()));
    norm(&mut x.iter().zip(exact).map(|(x, exact)| x - exact)) / norm(&mut exact.iter().copied())
}

pub const A1: Problem<1> = Problem { name: "A1", field: |_, x| [-x[0]], x0: [1.0] };
pub const A2: Problem<1> = Problem { name: "A2", field: |_, x| [-x[0].powi(3) / 2.0], x0: [1.0] };
pub const A3: Problem<1> = Problem { name: "A3", field: |t, x| [x[0] * t.cos()], x0: [1.0] };
pub const A4: Problem<1> = Problem { name: "A4", field: |_, x| [x[0] / 4.0 * (1.0 - x[0] / 20.0)], x0: [1.0] };
pub const A5: Problem<1> = Problem { name: "A5", field: |t, x| [(x[0] - t) / (x[0] + t)], x0: [4.0] };

/// `x = 1 / (1 + t²)`.
pub const WITCH: Problem<1> = Problem { name: "x' = -2 t x²", field: |t, x| [-2.0 * t * x[0] * x[0]], x0: [1.0] };
/// `x = tan(sin t)`.
pub const TANGENT: Problem<1> =
    Problem { name: "x' = (1 + x²) cos t", field: |t, x| [(1.0 + x[0] * x[0]) * t.cos()], x0: [0.0] };
/// `x = 1 / (2 − sin t)`.
pub const SQUARE: Problem<1> = Problem { name: "x' = x² cos t", field: |t, x| [x[0] * x[0] * t.cos()], x0: [0.5] };
/// `x = 1 / (1 + exp(−t² / 2))`.
pub const LOGISTIC: Problem<1> =
    Problem { name: "x' = t x (1 - x)", field: |t, x| [t * x[0] * (1.0 - x[0])], x0: [0.5] };

/// Duffing's oscillator under the force that keeps it on `x = cos t`.
pub const FORCED: Problem<2> = Problem {
    name: "x'' = -x³ + cos³ t - cos t",
    field: |t, x| [x[1], t.cos().powi(3) - t.cos() - x[0].powi(3)],
    x0: [1.0, 0.0],
};

/// The time `s(t) = t + sin t / 2` of the problems below, and its derivative.
pub fn warped(t: f64) -> (f64, f64) {
    (t + 0.5 * t.sin(), 1.0 + 0.5 * t.cos())
}
/// B4 in warped time: `x' = s'(t) f(x)`, so that the solution at `t` is that of B4 at `s(t)`.
pub const WARPED_TORUS: Problem<3> =
    Problem { name: "B4 in warped time", field: |t, x| (B4.field)(t, x).map(|d| warped(t).1 * d), x0: B4.x0 };
/// Kepler's problem of eccentricity 0.3 in warped time.
pub const WARPED_KEPLER: Problem<4> = Problem {
    name: "Kepler in warped time",
    field: |t, x| {
        let speed = warped(t).1;
        let cube = x[0].hypot(x[1]).powi(3);
        [speed * x[2], speed * x[3], -speed * x[0] / cube, -speed * x[1] / cube]
    },
    x0: [0.7, 0.0, 0.0, 1.3627702877384937],
};

/// The solution of A5, from `ln(t² + x²) / 2 + atan2(x, t) = ln 4 + π / 2` by bisection.
pub fn a5_at(t: f64) -> f64 {
    let (mut low, mut high) = (-t, 10.0);
    for _ in 0..100 {
        let x = 0.5 * (low + high);
        match t.hypot(x).ln() + x.atan2(t) < 4.0_f64.ln() + PI / 2.0 {
            true => low = x,
            false => high = x,
        }
    }
    low
}

/// Two competing populations.
pub const B1: Problem<2> =
    Problem { name: "B1", field: |_, x| [2.0 * (x[0] - x[0] * x[1]), x[0] * x[1] - x[1]], x0: [1.0, 3.0] };
/// A linear chemical reaction.
pub const B2: Problem<3> =
    Problem { name: "B2", field: |_, x| [x[1] - x[0], x[0] - 2.0 * x[1] + x[2], x[1] - x[2]], x0: [2.0, 0.0, 1.0] };
/// A nonlinear chemical reaction.
pub const B3: Problem<3> =
    Problem { name: "B3", field: |_, x| [-x[0], x[0] - x[1] * x[1], x[1] * x[1]], x0: [1.0, 0.0, 0.0] };
/// The integral surface of a torus.
pub const B4: Problem<3> = Problem {
    name: "B4",
    field: |_, x| {
        let r = x[0].hypot(x[1]);
        [-x[1] - x[0] * x[2] / r, x[0] - x[1] * x[2] / r, x[0] / r]
    },
    x0: [3.0, 0.0, 0.0],
};
/// The solution of B4.
pub fn torus_at(t: f64) -> [f64; 3] {
    let (sin, cos) = t.sin_cos();
    [(2.0 + cos) * cos, (2.0 + cos) * sin, sin]
}

/// Euler's equations of a rigid body.
pub const B5: Problem<3> =
    Problem { name: "B5", field: |_, x| [x[1] * x[2], -x[0] * x[2], -0.51 * x[0] * x[1]], x0: [0.0, 1.0, 1.0] };

const FIRST: [f64; 10] = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

/// A radioactive decay chain.
pub const C1: Problem<10> = Problem {
    name: "C1",
    field: |_, x| {
        std::array::from_fn(|i| {
            let gained = if i == 0 { 0.0 } else { x[i - 1] };
            let lost = if i == 9 { 0.0 } else { x[i] };
            gained - lost
        })
    },
    x0: FIRST,
};
/// The heat equation.
pub const C3: Problem<10> = Problem {
    name: "C3",
    field: |_, x| {
        std::array::from_fn(|i| {
            let (left, right) = (i.checked_sub(1).map_or(0.0, |i| x[i]), x.get(i + 1).copied().unwrap_or(0.0));
            left - 2.0 * x[i] + right
        })
    },
    x0: FIRST,
};

/// Kepler's problem; the orbit of eccentricity `e` starts at the pericentre, has semi-major axis 1 and period 2π.
pub fn kepler(name: &'static str, e: f64) -> Problem<4> {
    let field = |_: f64, x: &[f64; 4]| {
        let cube = x[0].hypot(x[1]).powi(3);
        [x[2], x[3], -x[0] / cube, -x[1] / cube]
    };
    Problem { name, field, x0: [1.0 - e, 0.0, 0.0, ((1.0 + e) / (1.0 - e)).sqrt()] }
}

/// The orbit at time `t`: `E − e sin E = t` by Newton's iteration.
pub fn kepler_at(e: f64, t: f64) -> [f64; 4] {
    let mut anomaly = t;
    for _ in 0..100 {
        anomaly -= (anomaly - e * anomaly.sin() - t) / (1.0 - e * anomaly.cos());
    }
    let (sin, cos) = anomaly.sin_cos();
    let (minor, speed) = ((1.0 - e * e).sqrt(), 1.0 / (1.0 - e * cos));
    [cos - e, minor * sin, -sin * speed, minor * cos * speed]
}

/// Bessel's equation of order one half, in `t + 1`.
pub fn bessel() -> Problem<2> {
    let field = |t: f64, x: &[f64; 2]| {
        let s = t + 1.0;
        [x[1], -(x[1] / s + (1.0 - 0.25 / (s * s)) * x[0])]
    };
    let scale = (2.0 / PI).sqrt();
    Problem { name: "E1", field, x0: [scale * 1.0_f64.sin(), scale * (1.0_f64.cos() - 1.0_f64.sin() / 2.0)] }
}
/// Van der Pol's equation.
pub const E2: Problem<2> =
    Problem { name: "E2", field: |_, x| [x[1], (1.0 - x[0] * x[0]) * x[1] - x[0]], x0: [2.0, 0.0] };
/// Duffing's equation.
pub const E3: Problem<2> =
    Problem { name: "E3", field: |t, x| [x[1], x[0].powi(3) / 6.0 - x[0] + 2.0 * (2.78535 * t).sin()], x0: [0.0, 0.0] };
/// A falling body.
pub const E4: Problem<2> = Problem { name: "E4", field: |_, x| [x[1], 0.032 - 0.4 * x[1] * x[1]], x0: [30.0, 0.0] };
/// A linear pursuit.
pub const E5: Problem<2> =
    Problem { name: "E5", field: |t, x| [x[1], (1.0 + x[1] * x[1]).sqrt() / (25.0 - t)], x0: [0.0, 0.0] };
