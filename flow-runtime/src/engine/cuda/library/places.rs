//! Folders in which the libraries of CUDA are found, and loading from them.

use super::Library;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// The first of `files` in a folder that can be loaded; one that cannot is noted. It stays loaded.
pub(super) fn preload(folder: &Path, files: &[String], refused: &mut Vec<String>) -> Option<PathBuf> {
    // Also an empty name, which would stand for the working folder.
    if folder.as_os_str().is_empty() {
        return None;
    }
    let folder = std::path::absolute(folder).ok()?;
    files.iter().map(|file| folder.join(file)).filter(|path| path.is_file()).find(|path| {
        // SAFETY: these are NVIDIA's libraries by name, whose loading runs only their own initialisation.
        match unsafe { libloading::Library::new(path) } {
            Ok(library) => {
                std::mem::forget(library);
                true
            }
            Err(error) => {
                refused.push(format!("{} cannot be loaded: {error}", path.display()));
                false
            }
        }
    })
}

/// Loads NVRTC's second library, `libnvrtc-builtins.so.13.0`, from a folder, if it is there.
pub(super) fn preload_builtins(folder: &Path) {
    for path in
        children(folder, |name| name.contains("nvrtc-builtins") && !name.contains("alt") && !name.contains("static"))
    {
        // SAFETY: as in `preload`.
        if let Ok(library) = unsafe { libloading::Library::new(path) } {
            std::mem::forget(library);
        }
    }
}

/// The folders, that exist, in which a library may be beside those of the loader; the first is the best.
///
/// `variable` reads the environment, and `root` is `/`.
pub(super) fn folders(library: Library, variable: impl Fn(&str) -> Option<OsString>, root: &Path) -> Vec<PathBuf> {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut found = Vec::new();
    if library == Library::Driver {
        // Where the driver is, the loader knows it; but for Windows' subsystem for Linux in a bare shell.
        found.push(root.join("usr/lib/wsl/lib"));
        found.retain(|folder| folder.is_dir());
        return found;
    }
    let mut toolkits: Vec<_> = ["CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX"].into_iter().filter_map(path).collect();
    toolkits.push(root.join("usr/local/cuda"));
    toolkits.extend(children(&root.join("usr/local"), |name| name.starts_with("cuda-")));
    toolkits.push(root.join("opt/cuda"));
    for toolkit in toolkits {
        let parts = ["lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "bin", "bin/x64"];
        found.extend(parts.map(|part| toolkit.join(part)));
    }

    let mut prefixes: Vec<_> = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(path).collect();
    prefixes.extend(["usr/local", "usr"].map(|prefix| root.join(prefix)));
    for prefix in children(&root.join("opt"), |_| true) {
        prefixes.push(prefix.join(".venv"));
        prefixes.push(prefix);
    }
    prefixes.extend(path("HOME").map(|home| home.join(".local")));
    let package = if library == Library::Nvrtc { "cuda_nvrtc" } else { "cublas" };
    for prefix in prefixes {
        let mut pythons = children(&prefix.join("lib"), |name| name.starts_with("python3"));
        pythons.push(prefix.join("Lib"));
        for site in pythons.iter().flat_map(|python| ["site-packages", "dist-packages"].map(|site| python.join(site))) {
            let nvidia = site.join("nvidia");
            // Of CUDA 13 all libraries are in one folder, `cu13`; before, each was in its own.
            let whole =
                children(&nvidia, |name| name.strip_prefix("cu").is_some_and(|rest| rest.parse::<u32>().is_ok()));
            for package in whole.into_iter().chain([nvidia.join(package)]) {
                found.extend(["lib", "bin/x86_64", "bin"].map(|part| package.join(part)));
            }
        }
    }
    found.retain(|folder| folder.is_dir());
    found
}

/// What is in a folder under such names, the last (the newest version) first.
fn children(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted)).collect();
    // 12.10 is after 12.9.
    names.sort_by_key(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let numbers = name.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse::<u64>().ok());
        (numbers.collect::<Vec<_>>(), name.clone())
    });
    names.into_iter().rev().map(|entry| entry.path()).collect()
}

/// The file that an address belongs to, where the system tells.
pub(super) fn loaded_from(address: usize) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (start, end) = line.split_whitespace().next()?.split_once('-')?;
        let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
        // A path may have spaces in it; it is the only field that begins with a slash.
        range.contains(&address).then(|| line.find('/').map(|at| PathBuf::from(&line[at..])))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folders: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        root
    }

    fn found(library: Library, root: &Path, variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let value = variables.iter().find(|(variable, _)| *variable == name)?.1;
            Some(root.join(value).into_os_string())
        };
        let folders = folders(library, variable, root);
        folders.iter().map(|folder| folder.strip_prefix(root).unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn toolkits_come_before_packages_and_the_newest_first() {
        let root = tree(&[
            "mine/lib64",
            "usr/local/cuda-12.9/lib64",
            "usr/local/cuda-12.10/lib64",
            "usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib",
            "venv/lib/python3.9/site-packages/nvidia/cublas/lib",
            "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
            "venv/lib/python3.12/site-packages/nvidia/cudnn/lib",
            "home/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib",
            "opt/pytorch/lib/python3.10/site-packages/nvidia/cu12/lib",
        ]);
        let variables = [("CUDA_HOME", "mine"), ("VIRTUAL_ENV", "venv"), ("HOME", "home")];
        assert_eq!(
            found(Library::Nvrtc, root.path(), &variables),
            [
                "mine/lib64",
                "usr/local/cuda-12.10/lib64",
                "usr/local/cuda-12.9/lib64",
                "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
                "usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib",
                "opt/pytorch/lib/python3.10/site-packages/nvidia/cu12/lib",
                "home/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib",
            ]
        );
        let cublas = found(Library::CublasLt, root.path(), &variables[1..2]);
        assert_eq!(
            cublas,
            [
                "usr/local/cuda-12.10/lib64",
                "usr/local/cuda-12.9/lib64",
                "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
                "venv/lib/python3.9/site-packages/nvidia/cublas/lib",
                "opt/pytorch/lib/python3.10/site-packages/nvidia/cu12/lib",
            ]
        );
    }

    #[test]
    fn the_driver_is_not_taken_from_a_toolkit_or_a_package() {
        let root = tree(&["usr/local/cuda/lib64/stubs", "usr/lib/python3/dist-packages/nvidia/cu13/lib"]);
        assert_eq!(found(Library::Driver, root.path(), &[]), [""; 0]);
    }

    #[test]
    fn a_file_that_is_no_library_is_noted() {
        let root = tree(&["lib"]);
        let folder = root.path().join("lib");
        fs::write(folder.join("libnvrtc.so.12"), "no library").unwrap();
        let mut refused = Vec::new();
        let files = ["libnvrtc.so.13".to_owned(), "libnvrtc.so.12".to_owned()];
        assert_eq!(preload(&folder, &files, &mut refused), None);
        assert!(refused.len() == 1 && refused[0].contains("libnvrtc.so.12 cannot be loaded"), "{refused:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_file_of_a_function_is_found() {
        let own = loaded_from(preload_builtins as *const () as usize).unwrap();
        assert_eq!(own.canonicalize().unwrap(), std::env::current_exe().unwrap().canonicalize().unwrap());
    }
}
