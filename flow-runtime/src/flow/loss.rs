//! The losses and their derivatives, one element at a time.

use crate::{
    error::{Error, Result},
    train::Loss,
};

impl Loss {
    /// The loss of one coordinate of the predicted velocity `v` against `u`.
    ///
    /// ```
    /// use flow_runtime::train::Loss;
    /// assert_eq!(Loss::Mse.value(3.0, 1.0), 4.0);
    /// assert_eq!(Loss::Huber { delta: 1.0 }.value(3.0, 1.0), 1.5);
    /// ```
    pub fn value(&self, v: f64, u: f64) -> f64 {
        let d = v - u;
        match *self {
            Self::Mse => d * d,
            Self::L1 => d.abs(),
            Self::Huber { delta } if d.abs() > delta => delta * (d.abs() - delta / 2.0),
            Self::Huber { .. } => d * d / 2.0,
        }
    }

    /// Derivative of [`Self::value`] with respect to `v`; zero where `L1` has its kink.
    ///
    /// ```
    /// use flow_runtime::train::Loss;
    /// assert_eq!(Loss::Mse.derivative(3.0, 1.0), 4.0);
    /// assert_eq!(Loss::L1.derivative(3.0, 1.0), 1.0);
    /// ```
    pub fn derivative(&self, v: f64, u: f64) -> f64 {
        let d = v - u;
        match *self {
            Self::Mse => 2.0 * d,
            Self::L1 if d == 0.0 => 0.0,
            Self::L1 => d.signum(),
            Self::Huber { delta } if d.abs() > delta => delta * d.signum(),
            Self::Huber { .. } => d,
        }
    }

    /// Mean of [`Self::value`] over all coordinates, summed in `f64`; zero for none.
    ///
    /// # Errors
    /// [`Error::Shape`] if the lengths differ.
    ///
    /// ```
    /// use flow_runtime::train::Loss;
    /// assert_eq!(Loss::Mse.mean(&[1.0, 3.0], &[1.0, 1.0])?, 2.0);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn mean(&self, v: &[f32], u: &[f32]) -> Result<f64> {
        self.check_lengths(v.len(), u.len())?;
        let sum: f64 = v.iter().zip(u).map(|(&v, &u)| self.value(f64::from(v), f64::from(u))).sum();
        Ok(sum / v.len().max(1) as f64)
    }

    /// Gradient of [`Self::mean`] with respect to `v`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the lengths differ.
    ///
    /// ```
    /// use flow_runtime::train::Loss;
    /// let mut gradient = [0.0; 2];
    /// Loss::Mse.gradient(&[1.0, 3.0], &[1.0, 1.0], &mut gradient)?;
    /// assert_eq!(gradient, [0.0, 2.0]);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn gradient(&self, v: &[f32], u: &[f32], gradient: &mut [f32]) -> Result<()> {
        self.check_lengths(v.len(), u.len())?;
        self.check_lengths(v.len(), gradient.len())?;
        let count = v.len() as f64;
        for ((&v, &u), gradient) in v.iter().zip(u).zip(gradient) {
            *gradient = (self.derivative(f64::from(v), f64::from(u)) / count) as f32;
        }
        Ok(())
    }

    /// Judges the parameters before a run starts.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `delta` is finite and positive.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Huber { delta } if !(delta.is_finite() && delta > 0.0) => Err(Error::Invalid {
                operation: "loss",
                what: "`delta` of the Huber loss".to_owned(),
                got: delta.to_string(),
                expected: "a finite number above 0".to_owned(),
                help: "the usual choice is 1".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn check_lengths(&self, expected: usize, got: usize) -> Result<()> {
        if expected == got {
            return Ok(());
        }
        Err(Error::Shape {
            operation: "loss",
            what: "one of the arguments".to_owned(),
            got: format!("[{got}]"),
            expected: format!("[{expected}]"),
            help: "predicted and true velocities belong to the same batch".to_owned(),
        })
    }
}
