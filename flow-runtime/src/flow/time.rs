//! Training times.

use crate::{
    error::{Error, Result},
    rng::Philox,
    train::TimeSampling,
};

/// Times are odd multiples of half of this.
const CELL: f64 = 1.0 / (1 << 23) as f64;

/// The middle of the cell of `[0, 1)` in which `t` lies.
fn to_lattice(t: f64) -> f64 {
    ((t / CELL).floor().clamp(0.0, 1.0 / CELL - 1.0) + 0.5) * CELL
}

impl TimeSampling {
    /// The time at an index of a random sequence.
    ///
    /// Every time is an odd multiple of `2^-24`. So it lies strictly inside `(0, 1)`, at least `2^-24` from both
    /// ends, and no open end of any path is ever met; and it is exact in `f32`, so the model sees the very time at
    /// which the path was sampled. Uniform times use [`Philox::uniform_f32`], logit-normal ones [`Philox::normal`],
    /// at the same index.
    ///
    /// ```
    /// use flow_runtime::{rng::{Philox, Stream}, train::TimeSampling};
    /// let t = TimeSampling::Uniform.sample(&Philox::new(0, Stream::Time, 0), 3);
    /// assert!(0.0 < t && t < 1.0 && f64::from(t as f32) == t);
    /// ```
    pub fn sample(&self, random: &Philox, index: u64) -> f64 {
        to_lattice(match *self {
            Self::Uniform => f64::from(random.uniform_f32(index)),
            Self::LogitNormal { mean, std } => 1.0 / (1.0 + libm::exp(-(mean + std * random.normal(index)))),
        })
    }

    /// `out[i] = sample(first + i)`.
    ///
    /// ```
    /// use flow_runtime::{rng::{Philox, Stream}, train::TimeSampling};
    /// let (random, mut t) = (Philox::new(0, Stream::Time, 0), [0.0; 4]);
    /// TimeSampling::Uniform.fill(&random, 8, &mut t);
    /// assert_eq!(f64::from(t[1]), TimeSampling::Uniform.sample(&random, 9));
    /// ```
    pub fn fill(&self, random: &Philox, first: u64, out: &mut [f32]) {
        for (t, index) in out.iter_mut().zip(first..) {
            *t = self.sample(random, index) as f32;
        }
    }

    /// Judges the parameters before a run starts.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the mean is finite and the standard deviation finite and positive.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::LogitNormal { mean, std } if !(mean.is_finite() && std.is_finite() && std > 0.0) => {
                Err(Error::Invalid {
                    operation: "training times",
                    what: "the logit-normal distribution".to_owned(),
                    got: format!("mean {mean}, std {std}"),
                    expected: "a finite mean and a finite std above 0".to_owned(),
                    help: "the usual choice is mean 0 and std 1".to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}
