//! The two-dimensional toy sets of the literature, each a formula of [`splitmix`] numbers.
//!
//! `u(i)` and `n(i)` below are [`splitmix::uniform`] with the seed and [`splitmix::normal`] with the seed plus 1000.
//! Every set is centred about the origin within about ±2 except [`two_moons`] (its usual place) and adds
//! `noise · (n(2i), n(2i + 1))` to row `i`.

use std::f64::consts::{PI, TAU};

use super::{Dataset, splitmix};
use crate::error::{Error, Result};

/// What keeps the noise of a set apart from its shape.
const NOISE_SEED: u64 = 1000;

/// Two interleaving half circles.
///
/// With `a = π u(i)`: even rows `(cos a, sin a)`, odd rows `(1 − cos a, ½ − sin a)`, plus noise.
///
/// # Errors
///
/// [`Error::Invalid`] if `n` is 0 or `noise` is negative or not finite; likewise for all toy sets.
///
/// ```
/// use flow_runtime::prelude::*;
/// // Without noise even rows lie on the unit circle.
/// let moons = data::two_moons(100, 0.0, 7)?;
/// assert!(moons.row(42).is_some_and(|x| (x[0].hypot(x[1]) - 1.0).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
pub fn two_moons(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let a = PI * splitmix::uniform(seed, i);
        if i % 2 == 0 { [libm::cos(a), libm::sin(a)] } else { [1.0 - libm::cos(a), 0.5 - libm::sin(a)] }
    })
}

/// Eight normal distributions on a circle of radius 2.
///
/// Row `i` belongs to the centre `2 (cos kπ/4, sin kπ/4)` with `k = ⌊8 u(i)⌋`; `noise` is their standard deviation.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// let centres = data::eight_gaussians(100, 0.0, 7)?;
/// assert!(centres.row(42).is_some_and(|x| (x[0].hypot(x[1]) - 2.0).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
pub fn eight_gaussians(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let a = libm::floor(8.0 * splitmix::uniform(seed, i)) * (PI / 4.0);
        [2.0 * libm::cos(a), 2.0 * libm::sin(a)]
    })
}

/// The eight dark squares of a 4 × 4 board over `[−2, 2]²`, evenly filled.
///
/// `x = 4 u(3i) − 2` and `y = 2 b + (⌊x⌋ mod 2) + u(3i + 1) − 2` with `b = ⌊2 u(3i + 2)⌋`, plus noise.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// let board = data::checkerboard(100, 0.0, 7)?;
/// assert!(board.row(42).is_some_and(|x| (x[0].floor() + x[1].floor()) % 2.0 == 0.0));
/// # Ok::<(), Error>(())
/// ```
pub fn checkerboard(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let [x, y, b] = [0, 1, 2].map(|k| splitmix::uniform(seed, i.wrapping_mul(3).wrapping_add(k)));
        let x = 4.0 * x - 2.0;
        let odd = libm::floor(x).rem_euclid(2.0);
        [x, 2.0 * libm::floor(2.0 * b) + odd + y - 2.0]
    })
}

/// A spiral of one and a half turns, the two-dimensional cut of the Swiss roll.
///
/// `a / (2.25 π) · (cos a, sin a)` with `a = 1.5 π (1 + 2 u(i))`: the radius grows from ⅔ to 2.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// let roll = data::swiss_roll(100, 0.0, 7)?;
/// assert!(roll.row(42).is_some_and(|x| (0.66..2.01).contains(&x[0].hypot(x[1]))));
/// # Ok::<(), Error>(())
/// ```
pub fn swiss_roll(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let a = 1.5 * PI * (1.0 + 2.0 * splitmix::uniform(seed, i));
        let radius = a / (2.25 * PI);
        [radius * libm::cos(a), radius * libm::sin(a)]
    })
}

/// Two circles about the origin: even rows of radius 2, odd rows of radius 1.
///
/// `r (cos a, sin a)` with `a = 2π u(i)`, plus noise.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// let circles = data::circles(100, 0.0, 7)?;
/// assert!(circles.row(42).is_some_and(|x| (x[0].hypot(x[1]) - 2.0).abs() < 1e-6));
/// assert!(circles.row(43).is_some_and(|x| (x[0].hypot(x[1]) - 1.0).abs() < 1e-6));
/// # Ok::<(), Error>(())
/// ```
pub fn circles(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let a = TAU * splitmix::uniform(seed, i);
        let radius = if i % 2 == 0 { 2.0 } else { 1.0 };
        [radius * libm::cos(a), radius * libm::sin(a)]
    })
}

/// Five bent blades (Johnson et al. 2016, *Composing graphical models with neural networks*).
///
/// With `r = 1 + 0.3 n'(i)`, where `n'` is [`splitmix::normal`] with the seed plus 2000, row `i` is `(r, 0)` plus noise,
/// turned by `2πk/5 + eʳ/4` with `k = ⌊5 u(i)⌋`. Here the noise comes before the turn: it is the width of a blade.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// // A seed gives the same set everywhere.
/// assert_eq!(data::pinwheel(100, 0.05, 7)?, data::pinwheel(100, 0.05, 7)?);
/// # Ok::<(), Error>(())
/// ```
pub fn pinwheel(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    check_noise(noise)?;
    generate(n, 0.0, seed, |i| {
        let [dx, dy] = jitter(seed, i, noise);
        let radius = 1.0 + 0.3 * splitmix::normal(seed.wrapping_add(2000), i);
        let turn = libm::floor(5.0 * splitmix::uniform(seed, i)) * (TAU / 5.0) + 0.25 * libm::exp(radius);
        let (x, y, cos, sin) = (radius + dx, dy, libm::cos(turn), libm::sin(turn));
        [cos * x - sin * y, sin * x + cos * y]
    })
}

/// Two spiral arms of one and a half turns each, one the other turned by half a circle.
///
/// `±2 s (cos 3πs, sin 3πs)` with `s = √u(i)`, plus for even and minus for odd rows; the root spreads the points evenly
/// along the arm.
///
/// # Errors
///
/// As for [`two_moons`].
///
/// ```
/// use flow_runtime::prelude::*;
/// let arms = data::spirals(100, 0.0, 7)?;
/// assert!(arms.row(42).is_some_and(|x| x[0].hypot(x[1]) <= 2.0));
/// # Ok::<(), Error>(())
/// ```
pub fn spirals(n: usize, noise: f64, seed: u64) -> Result<Dataset> {
    generate(n, noise, seed, |i| {
        let s = libm::sqrt(splitmix::uniform(seed, i));
        let radius = if i % 2 == 0 { 2.0 * s } else { -2.0 * s };
        [radius * libm::cos(3.0 * PI * s), radius * libm::sin(3.0 * PI * s)]
    })
}

fn generate(n: usize, noise: f64, seed: u64, point: impl Fn(u64) -> [f64; 2]) -> Result<Dataset> {
    check_noise(noise)?;
    let mut values = Vec::new();
    let length = n.checked_mul(2).filter(|&length| values.try_reserve_exact(length).is_ok());
    if n == 0 || length.is_none() {
        return Err(Error::Invalid {
            operation: "generating a toy set",
            what: "the number of samples".to_owned(),
            got: n.to_string(),
            expected: "at least 1, and as many as fit into memory".to_owned(),
            help: "some thousands of samples show every shape".to_owned(),
        });
    }
    for i in 0..n as u64 {
        let (point, jitter) = (point(i), jitter(seed, i, noise));
        values.extend([(point[0] + jitter[0]) as f32, (point[1] + jitter[1]) as f32]);
    }
    Dataset::from_flat(values, 2)
}

fn jitter(seed: u64, i: u64, noise: f64) -> [f64; 2] {
    [0, 1].map(|k| noise * splitmix::normal(seed.wrapping_add(NOISE_SEED), i.wrapping_mul(2).wrapping_add(k)))
}

fn check_noise(noise: f64) -> Result<()> {
    if noise.is_finite() && noise >= 0.0 {
        return Ok(());
    }
    Err(Error::Invalid {
        operation: "generating a toy set",
        what: "the noise".to_owned(),
        got: noise.to_string(),
        expected: "a finite standard deviation of at least 0".to_owned(),
        help: "0.05 is usual for two moons; 0 leaves the bare shape".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Toy = fn(usize, f64, u64) -> Result<Dataset>;
    const SETS: [Toy; 7] = [two_moons, eight_gaussians, checkerboard, swiss_roll, circles, pinwheel, spirals];

    /// The rows that the reference implementation in Python gives (float32, printed with all digits).
    #[test]
    fn two_moons_agrees_with_the_reference() -> Result<()> {
        let moons = two_moons(2, 0.05, 2)?;
        let expected = [-0.36780399084091187_f64, 0.9759007096290588, 1.7579172849655151, -0.21824708580970764];
        assert_eq!(moons.values(), expected.map(|x| x as f32));
        Ok(())
    }

    #[test]
    fn a_longer_set_starts_with_the_shorter_one() -> Result<()> {
        for set in SETS {
            let (long, short) = (set(50, 0.1, 3)?, set(20, 0.1, 3)?);
            assert_eq!(&long.values()[..40], short.values());
            assert_ne!(long, set(50, 0.1, 4)?);
        }
        Ok(())
    }

    #[test]
    fn points_lie_on_their_shapes() -> Result<()> {
        let radius = |row: &[f32; 2]| row[0].hypot(row[1]);
        for row in circles(100, 0.0, 5)?.as_rows::<2>().unwrap() {
            assert!((radius(row) - 2.0).abs() < 1e-6 || (radius(row) - 1.0).abs() < 1e-6);
        }
        for row in eight_gaussians(100, 0.0, 5)?.as_rows::<2>().unwrap() {
            let eighth = f64::from(row[1]).atan2(f64::from(row[0])) / (PI / 4.0);
            assert!((radius(row) - 2.0).abs() < 1e-6 && (eighth - eighth.round()).abs() < 1e-6);
        }
        for row in swiss_roll(100, 0.0, 5)?.as_rows::<2>().unwrap() {
            assert!((0.666..=2.001).contains(&radius(row)));
        }
        let mut cells = std::collections::BTreeSet::new();
        for row in checkerboard(400, 0.0, 5)?.as_rows::<2>().unwrap() {
            let (column, line) = (row[0].floor() as i32, row[1].floor() as i32);
            assert_eq!((column + line).rem_euclid(2), 0, "{row:?} lies on a light square");
            cells.insert((column, line));
        }
        assert_eq!(cells.len(), 8);
        Ok(())
    }

    #[test]
    fn refuses_no_samples_and_bad_noise() {
        for set in SETS {
            for (n, noise) in [(0, 0.1), (usize::MAX, 0.1), (3, -1.0), (3, f64::NAN), (3, f64::INFINITY)] {
                assert!(matches!(set(n, noise, 0), Err(Error::Invalid { .. })), "{n} {noise}");
            }
        }
    }
}
