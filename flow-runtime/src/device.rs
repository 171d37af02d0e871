//! What there is on this machine to run on.

/// What was found for the CUDA engine: driver, compiler and library with version and file, each GPU with its compute
/// capability and memory, the folder of compiled kernels; and for what is missing, where it was looked for.
///
/// It never fails: on a machine with nothing of CUDA it says that.
///
/// ```
/// let report = flow_runtime::device::report();
/// assert!(report.contains("NVIDIA driver: ") || report.contains("without CUDA"));
/// println!("{report}");
/// ```
pub fn report() -> String {
    #[cfg(feature = "cuda")]
    return crate::engine::cuda_report();
    #[cfg(not(feature = "cuda"))]
    "flow-runtime was built without CUDA\n  help: build with the feature `cuda-13000`\n".to_owned()
}
