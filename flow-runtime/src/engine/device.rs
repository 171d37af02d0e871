//! Names of devices, and what they mean on this machine.

use crate::{
    error::{Error, Result},
    program::Program,
};
use std::{fmt, str::FromStr};

/// Where to run: `auto`, `cpu`, `dfdx`, `cuda` or `cuda:1` on a command line.
///
/// A trainer and a sampler take it; [`resolve`](Self::resolve) says what it means here.
///
/// ```
/// use flow_runtime::engine::Device;
/// assert_eq!("cuda:1".parse::<Device>()?, Device::Cuda(1));
/// assert_eq!(Device::Cuda(0).to_string(), "cuda");
/// assert!("gpu".parse::<Device>().is_err());
/// # Ok::<(), flow_runtime::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The fastest there is: the first GPU, else the CPU engine; and dfdx for a model with `custom` layers, which only dfdx
    /// runs.
    #[default]
    Auto,
    /// The CPU, on [`CpuEngine`](super::CpuEngine).
    Cpu,
    /// The CPU, on the dfdx engine: the reference (feature `dfdx`).
    Dfdx,
    /// The NVIDIA GPU of that index.
    Cuda(usize),
}

/// The engine that a [`Device`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resolved {
    /// The fused engine on the CPU.
    Cpu,
    /// The dfdx engine on the CPU.
    Dfdx,
    /// The CUDA engine on the GPU of that index.
    Cuda(usize),
}

impl Device {
    /// The fastest there is.
    ///
    /// ```
    /// # use flow_runtime::engine::Device;
    /// assert_eq!(Device::auto(), Device::default());
    /// ```
    pub const fn auto() -> Self {
        Self::Auto
    }

    /// The NVIDIA GPU of that index, counted from 0.
    ///
    /// ```
    /// # use flow_runtime::engine::Device;
    /// assert_eq!(Device::cuda(1).to_string(), "cuda:1");
    /// ```
    pub const fn cuda(index: usize) -> Self {
        Self::Cuda(index)
    }

    /// The engine that serves this device here. `auto` is the first GPU if its driver and NVRTC are there, else the CPU; where
    /// there is a driver but something else is missing, a line on stderr says so, once.
    ///
    /// # Errors
    /// [`Error::Device`] if there is none: what was found, where it was looked for, and what to do.
    ///
    /// ```
    /// use flow_runtime::engine::{Device, Resolved};
    /// assert_eq!(Device::Cpu.resolve()?, Resolved::Cpu);
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn resolve(self) -> Result<Resolved> {
        let missing = |found: &str, help: &str| {
            Err(Error::Device { asked: self.to_string(), found: found.to_owned(), help: help.to_owned() })
        };
        match self {
            Self::Cuda(_) if !cfg!(feature = "cuda") => {
                missing("flow-runtime was built without CUDA", "build with the feature `cuda-13000`, or use `cpu`")
            }
            Self::Cuda(index) => check_cuda(index).map(|()| Resolved::Cuda(index)),
            Self::Auto if there_is_cuda() => Ok(Resolved::Cuda(0)),
            Self::Auto | Self::Cpu => Ok(Resolved::Cpu),
            Self::Dfdx if cfg!(feature = "dfdx") => Ok(Resolved::Dfdx),
            Self::Dfdx => missing(
                "flow-runtime was built without the feature `dfdx`, which has this engine",
                "build with `--features dfdx`, or use `cpu`",
            ),
        }
    }

    /// The engine that serves this device for a program: `auto` takes dfdx for one with `custom` layers, which no other
    /// engine runs.
    pub(crate) fn resolve_for(self, program: &Program) -> Result<Resolved> {
        match self {
            Self::Auto if program.has_custom() => Self::Dfdx.resolve(),
            _ => self.resolve(),
        }
    }
}

/// Whether the GPU of that index can be used: driver, device and NVRTC.
#[cfg(feature = "cuda")]
fn check_cuda(index: usize) -> Result<()> {
    super::cuda::driver::check_device(index)?;
    super::cuda::nvrtc::version().map(|_| ())
}

#[cfg(not(feature = "cuda"))]
fn check_cuda(_: usize) -> Result<()> {
    Ok(())
}

/// Whether `auto` is the first GPU; looked for once. Where there is no driver, nobody expects a GPU, and nothing is said.
#[cfg(feature = "cuda")]
fn there_is_cuda() -> bool {
    use super::cuda::library::Library;
    static FOUND: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *FOUND.get_or_init(|| {
        if Library::Driver.load().is_err_and(|missing| missing.absent) {
            return false;
        }
        match check_cuda(0) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("flow-runtime: `auto` is the CPU: {}", error.to_string().replace('\n', "; "));
                false
            }
        }
    })
}

#[cfg(not(feature = "cuda"))]
fn there_is_cuda() -> bool {
    false
}

/// What it runs on, as a report says it.
///
/// ```
/// # use flow_runtime::engine::Resolved;
/// assert_eq!(Resolved::Cpu.to_string(), "the CPU");
/// assert_eq!(Resolved::Dfdx.to_string(), "dfdx on the CPU");
/// ```
impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("the CPU"),
            Self::Dfdx => f.write_str("dfdx on the CPU"),
            Self::Cuda(index) => write!(f, "the GPU cuda:{index}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => return Ok(Self::Cpu),
            "dfdx" => return Ok(Self::Dfdx),
            "cuda" => return Ok(Self::Cuda(0)),
            _ => {}
        }
        // `parse` alone would take `cuda:+1`.
        let index = text.strip_prefix("cuda:").filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()));
        index.and_then(|index| index.parse().ok()).map(Self::Cuda).ok_or_else(|| Error::Invalid {
            operation: "device",
            what: "the name".to_owned(),
            got: format!("`{text}`"),
            expected: "`auto`, `cpu`, `dfdx`, `cuda` or `cuda:1`".to_owned(),
            help: "use `auto` for the fastest there is".to_owned(),
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Dfdx => f.write_str("dfdx"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in [Device::Auto, Device::Cpu, Device::Dfdx, Device::Cuda(0), Device::Cuda(7)] {
            assert_eq!(device.to_string().parse::<Device>().ok(), Some(device));
        }
        assert_eq!("cuda:0".parse::<Device>().ok(), Some(Device::Cuda(0)));
    }

    #[test]
    fn other_names_are_refused_with_the_list() {
        for name in ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:+1", "cuda:one", "cuda:99999999999999999999"] {
            let error = name.parse::<Device>().map_err(|error| error.to_string());
            assert!(matches!(&error, Err(text) if text.contains("`cuda:1`") && text.contains(name)), "{error:?}");
        }
    }

    #[test]
    fn cuda_is_a_gpu_or_a_typed_error() {
        match Device::Cuda(1).resolve() {
            Ok(resolved) => assert!(cfg!(feature = "cuda") && resolved == Resolved::Cuda(1)),
            Err(error) => {
                let text = error.to_string();
                assert!(text.starts_with("device `cuda:1`: ") && text.contains("\nhelp: "), "{text}");
                assert!(cfg!(feature = "cuda") || text.contains("feature `cuda-13000`"), "{text}");
            }
        }
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn the_device_that_auto_takes_can_be_used() {
        assert_eq!(there_is_cuda(), check_cuda(0).is_ok());
    }

    #[test]
    fn the_cpu_engine_is_always_there_and_dfdx_if_it_is_built() {
        assert_eq!(Device::Cpu.resolve().ok(), Some(Resolved::Cpu));
        let auto = Device::Auto.resolve().ok();
        assert!(auto == Some(Resolved::Cpu) || auto == Some(Resolved::Cuda(0)), "{auto:?}");
        match Device::Dfdx.resolve() {
            Ok(resolved) => assert!(cfg!(feature = "dfdx") && resolved == Resolved::Dfdx),
            Err(error) => assert!(!cfg!(feature = "dfdx") && error.to_string().contains("--features dfdx")),
        }
    }
}
