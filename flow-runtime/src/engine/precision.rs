//! How exactly the CUDA engine multiplies matrices.

use crate::error::{Error, Result};
use std::{fmt, str::FromStr};

/// How exactly the CUDA engine multiplies matrices: `strict`, `x3` or `half` on a command line.
///
/// States, sums, elementary functions and the optimiser are `f32` in all of them; they differ in the factors of the
/// products. The measured error of each, against the `f64` interpreter, stands in the documentation of the CUDA engine (see
/// [`engine`](crate::engine)). The engines on the CPU compute in `f32` and ignore it.
///
/// ```
/// use flow_runtime::engine::CudaPrecision;
/// assert_eq!("x3".parse::<CudaPrecision>()?, CudaPrecision::X3);
/// assert_eq!(CudaPrecision::default().to_string(), "strict");
/// assert!("tf32".parse::<CudaPrecision>().is_err());
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CudaPrecision {
    /// Products in `f32`, as the CPU engine has them.
    #[default]
    Strict,
    /// Factors split into two halves each, three products of halves on tensor cores: an error near that of `f32`.
    X3,
    /// Factors rounded to 16 bits, one product on tensor cores: the least work.
    Half,
}

impl CudaPrecision {
    const ALL: [(&str, Self); 3] = [("strict", Self::Strict), ("x3", Self::X3), ("half", Self::Half)];
}

impl FromStr for CudaPrecision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|&(_, precision)| precision).ok_or_else(|| Error::Invalid {
            operation: "precision",
            what: "the name".to_owned(),
            got: format!("`{text}`"),
            expected: "`strict`, `x3` or `half`".to_owned(),
            help: "`strict` has products in `f32`, `x3` nearly that on tensor cores, `half` rounds factors to 16 bits"
                .to_owned(),
        })
    }
}

impl fmt::Display for CudaPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Strict => "strict",
            Self::X3 => "x3",
            Self::Half => "half",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (name, precision) in CudaPrecision::ALL {
            assert_eq!(precision.to_string(), name);
            assert_eq!(name.parse::<CudaPrecision>().ok(), Some(precision));
        }
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        for name in ["", "Strict", "f32", "tf32", "x3 "] {
            let error = name.parse::<CudaPrecision>().map_err(|error| error.to_string());
            let expected = format!("the name is `{name}`, expected `strict`, `x3` or `half`");
            assert!(matches!(&error, Err(text) if text.contains(&expected)), "{error:?}");
        }
    }
}
