//! The three libraries of CUDA: where they are looked for, and what of them is needed.
//!
//! cudarc opens each by its name and panics where it is absent or too old. Here a library is found first, in more places than
//! the loader looks in, and loaded by its path; the loader then answers to cudarc's names with what is loaded already. What
//! is missing is a typed error that says where it was looked for.

mod places;

use crate::error::{Error, Result};
use places::{folders, loaded_from, preload};
use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The variable that names folders to look in first.
pub(crate) const FOLDER_VARIABLE: &str = "FLOW_CUDA_LIB_DIR";

/// A library of CUDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// The driver, `libcuda`, of the kernel module's version.
    Driver,
    /// The compiler.
    Nvrtc,
    /// Products of matrices.
    CublasLt,
}

/// A library that is loaded and has all that is called.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The file, where the system says which.
    pub(crate) path: Option<PathBuf>,
    /// Major and minor version of CUDA (of cuBLASLt its own).
    pub(crate) version: (u32, u32),
}

/// Why a library cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// Whether there is no such library at all, or one that does not serve.
    pub(crate) absent: bool,
    pub(crate) found: String,
    pub(crate) help: String,
}

impl Missing {
    /// As an error for the device that was asked for.
    pub(crate) fn error(&self, asked: &str) -> Error {
        Error::Device { asked: asked.to_owned(), found: self.found.clone(), help: self.help.clone() }
    }
}

impl Library {
    /// Loads it, the first time; what was found is kept for the life of the process.
    pub(crate) fn load(self) -> Result<&'static Loaded, &'static Missing> {
        static LOADED: [OnceLock<Result<Loaded, Missing>>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
        LOADED[self as usize].get_or_init(|| self.find()).as_ref()
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Driver => "NVIDIA driver",
            Self::Nvrtc => "NVRTC",
            Self::CublasLt => "cuBLASLt",
        }
    }

    /// Without prefix and suffix.
    fn stem(self) -> &'static str {
        match self {
            Self::Driver if cfg!(windows) => "nvcuda",
            Self::Driver => "cuda",
            Self::Nvrtc => "nvrtc",
            Self::CublasLt => "cublasLt",
        }
    }

    /// Names of files that cudarc would ask the loader for, in its order.
    fn files(self) -> Vec<String> {
        cudarc::get_lib_name_candidates(self.stem())
    }

    /// Whether the loader has it, by a name that cudarc asks for.
    fn is_present(self) -> bool {
        // SAFETY: loading one of these libraries runs only its own initialisation.
        unsafe {
            match self {
                Self::Driver => cudarc::driver::sys::is_culib_present(),
                Self::Nvrtc => cudarc::nvrtc::sys::is_culib_present(),
                Self::CublasLt => cudarc::cublaslt::sys::is_culib_present(),
            }
        }
    }

    /// Whether the loader finds it by itself. The driver has one name everywhere, so that a machine without one pays for one
    /// look only.
    fn is_known_to_the_loader(self) -> bool {
        if self != Self::Driver {
            return self.is_present();
        }
        let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
        // SAFETY: as in `is_present`.
        match unsafe { libloading::Library::new(name) } {
            Ok(library) => {
                std::mem::forget(library);
                true
            }
            Err(_) => false,
        }
    }

    fn find(self) -> Result<Loaded, Missing> {
        let mut refused = Vec::new();
        let named = env::var_os(FOLDER_VARIABLE).unwrap_or_default();
        let preloaded = env::split_paths(&named).find_map(|folder| preload(&folder, &self.files(), &mut refused));
        let known = preloaded.is_some() || self.is_known_to_the_loader();
        let preloaded = preloaded.or_else(|| {
            let folders = if known { Vec::new() } else { folders(self, |name| env::var_os(name), Path::new("/")) };
            folders.iter().find_map(|folder| preload(folder, &self.files(), &mut refused))
        });
        // Asked last: it is a look for each of many names, which a machine without a driver is spared.
        if !(known || preloaded.is_some()) || !self.is_present() {
            return Err(self.absent(&refused));
        }
        if let Some(symbol) = self.symbols().iter().find(|symbol| self.address(symbol).is_none()) {
            return Err(Missing {
                absent: false,
                found: format!("the {} {}has no `{symbol}`", self.name(), at(&preloaded)),
                help: self.newer().to_owned(),
            });
        }
        let path = self.symbols().first().and_then(|symbol| loaded_from(self.address(symbol)?)).or(preloaded);
        if self == Self::Nvrtc {
            // NVRTC opens this one by its name, at the first compilation; it is beside NVRTC, where the loader may not look.
            if let Some(folder) = path.as_deref().and_then(Path::parent) {
                places::preload_builtins(folder);
            }
        }
        let version = self.version().ok_or_else(|| Missing {
            absent: false,
            found: format!("the {} {}does not tell its version", self.name(), at(&path)),
            help: self.newer().to_owned(),
        })?;
        if version < self.oldest() {
            let (oldest, found) = (self.oldest(), version);
            return Err(Missing {
                absent: false,
                found: format!(
                    "the {} {}is of version {}.{}, {}.{} or newer is needed",
                    self.name(),
                    at(&path),
                    found.0,
                    found.1,
                    oldest.0,
                    oldest.1
                ),
                help: self.newer().to_owned(),
            });
        }
        Ok(Loaded { path, version })
    }

    fn absent(self, refused: &[String]) -> Missing {
        let set = |name: &str| if env::var_os(name).is_some() { "" } else { " (not set)" };
        let mut found = match self {
            Self::Driver => format!(
                "there is no NVIDIA driver: looked for {} in `{FOLDER_VARIABLE}`{} and where the loader looks",
                if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" },
                set(FOLDER_VARIABLE),
            ),
            Self::Nvrtc | Self::CublasLt => format!(
                "there is no {}: looked for {} in `{FOLDER_VARIABLE}`{}, where the loader looks, in `CUDA_HOME`{}, \
                 `CUDA_PATH`{}, /usr/local/cuda*, and in the packages nvidia/… of Python in `VIRTUAL_ENV`{}, \
                 `CONDA_PREFIX`{}, /usr, /usr/local, /opt/* and ~/.local",
                self.name(),
                self.files().join(", "),
                set(FOLDER_VARIABLE),
                set("CUDA_HOME"),
                set("CUDA_PATH"),
                set("VIRTUAL_ENV"),
                set("CONDA_PREFIX"),
            ),
        };
        for file in refused {
            found.push_str("; ");
            found.push_str(file);
        }
        let help = match self {
            Self::Driver => "install the driver of your GPU, or use `cpu`".to_owned(),
            Self::Nvrtc => format!(
                "install the CUDA toolkit, or run `pip install nvidia-cuda-nvrtc`, and name its folder in `{FOLDER_VARIABLE}`"
            ),
            Self::CublasLt => format!(
                "install the CUDA toolkit, or run `pip install nvidia-cublas`, and name its folder in `{FOLDER_VARIABLE}`"
            ),
        };
        Missing { absent: refused.is_empty(), found, help }
    }

    fn newer(self) -> &'static str {
        match self {
            Self::Driver => "install a driver of version 525 or newer, or use `cpu`",
            Self::Nvrtc => "install NVRTC of CUDA 12 or newer: `pip install nvidia-cuda-nvrtc`",
            Self::CublasLt => "install cuBLAS of CUDA 12 or newer: `pip install nvidia-cublas`",
        }
    }

    /// The oldest version with everything that is called.
    fn oldest(self) -> (u32, u32) {
        (12, 0)
    }

    fn version(self) -> Option<(u32, u32)> {
        let number = |value: usize, unit: usize| Some(((value / unit) as u32, (value % unit) as u32));
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the library is present and has these functions, which write through the pointers that they are given.
        unsafe {
            match self {
                Self::Driver => {
                    cudarc::driver::sys::cuDriverGetVersion(&mut major).result().ok()?;
                    number(usize::try_from(major).ok()?, 1000).map(|(major, minor)| (major, minor / 10))
                }
                Self::Nvrtc => {
                    cudarc::nvrtc::sys::nvrtcVersion(&mut major, &mut minor).result().ok()?;
                    Some((major.try_into().ok()?, minor.try_into().ok()?))
                }
                Self::CublasLt => {
                    // 130201 is 13.2.1; before version 12 it was 110201 for 11.2.1.
                    number(cudarc::cublaslt::sys::cublasLtGetVersion(), 10_000)
                        .map(|(major, minor)| (major, minor / 100))
                }
            }
        }
    }

    /// The address of a function, if the library has it. The library must be present.
    pub(crate) fn address(self, symbol: &str) -> Option<usize> {
        // SAFETY: the library was found to be present, so that `culib` does not panic; the function is not called.
        unsafe {
            let library = match self {
                Self::Driver => cudarc::driver::sys::culib(),
                Self::Nvrtc => cudarc::nvrtc::sys::culib(),
                Self::CublasLt => cudarc::cublaslt::sys::culib(),
            };
            library.get::<unsafe extern "C" fn()>(symbol.as_bytes()).ok().map(|function| *function as usize)
        }
    }

    /// Everything that is called: cudarc panics at a function that is not there.
    fn symbols(self) -> &'static [&'static str] {
        match self {
            Self::Driver => &[
                "cuDriverGetVersion",
                "cuInit",
                "cuGetErrorName",
                "cuGetErrorString",
                "cuDeviceGetCount",
                "cuDeviceGet",
                "cuDeviceGetName",
                "cuDeviceGetAttribute",
                "cuDeviceTotalMem_v2",
                "cuDevicePrimaryCtxRetain",
                "cuDevicePrimaryCtxRelease_v2",
                "cuCtxSetCurrent",
                "cuStreamCreate",
                "cuStreamDestroy_v2",
                "cuStreamSynchronize",
                "cuStreamBeginCapture_v2",
                "cuStreamEndCapture",
                "cuEventCreate",
                "cuEventDestroy_v2",
                "cuEventRecord",
                "cuEventSynchronize",
                "cuEventElapsedTime",
                "cuMemGetInfo_v2",
                "cuMemAlloc_v2",
                "cuMemFree_v2",
                "cuMemAllocHost_v2",
                "cuMemFreeHost",
                "cuMemcpyHtoDAsync_v2",
                "cuMemcpyDtoHAsync_v2",
                "cuMemcpyDtoDAsync_v2",
                "cuMemsetD8Async",
                "cuModuleLoadData",
                "cuModuleUnload",
                "cuModuleGetFunction",
                "cuFuncGetAttribute",
                "cuFuncSetAttribute",
                "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                "cuLaunchKernel",
                "cuLaunchCooperativeKernel",
                "cuGraphInstantiateWithFlags",
                "cuGraphDestroy",
                "cuGraphExecDestroy",
                "cuGraphLaunch",
            ],
            Self::Nvrtc => &[
                "nvrtcVersion",
                "nvrtcGetErrorString",
                "nvrtcGetNumSupportedArchs",
                "nvrtcGetSupportedArchs",
                "nvrtcCreateProgram",
                "nvrtcDestroyProgram",
                "nvrtcCompileProgram",
                "nvrtcGetProgramLogSize",
                "nvrtcGetProgramLog",
                "nvrtcGetCUBINSize",
                "nvrtcGetCUBIN",
                "nvrtcGetPTXSize",
                "nvrtcGetPTX",
            ],
            Self::CublasLt => &[
                "cublasLtGetVersion",
                "cublasLtCreate",
                "cublasLtDestroy",
                "cublasLtMatmulDescCreate",
                "cublasLtMatmulDescDestroy",
                "cublasLtMatmulDescSetAttribute",
                "cublasLtMatrixLayoutCreate",
                "cublasLtMatrixLayoutDestroy",
                "cublasLtMatmulPreferenceCreate",
                "cublasLtMatmulPreferenceDestroy",
                "cublasLtMatmulPreferenceSetAttribute",
                "cublasLtMatmulAlgoGetHeuristic",
                "cublasLtMatmul",
            ],
        }
    }
}

fn at(path: &Option<PathBuf>) -> String {
    path.as_ref().map(|path| format!("{} ", path.display())).unwrap_or_default()
}
