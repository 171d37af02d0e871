use super::*;
use crate::engine::cuda::nvrtc::tests::{source, there_is_nvrtc};

fn request(text: &str, version: (u32, u32)) -> Request {
    Request { name: "Moons".to_owned(), text: text.to_owned(), options: vec!["--std=c++17".to_owned()], version }
}

fn binary() -> Binary {
    let log = "ptxas info    : Compiling entry function 'flow_moons' for 'sm_90a'\n\
               ptxas info    : Used 7 registers, used 0 barriers\n";
    Binary::new(b"\x7fELF machine code".to_vec(), log.to_owned())
}

#[test]
fn an_entry_is_read_back_and_each_damaged_byte_is_seen() {
    let key = key(&request("a", (13, 0)));
    let bytes = encode(&key, &binary());
    let read = decode(&key, &bytes).unwrap();
    assert_eq!(read, binary());
    assert_eq!(read.resources[0].registers, 7);
    for at in 0..bytes.len() {
        for flip in [1u8, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            assert_eq!(decode(&key, &damaged), None, "byte {at}");
        }
        assert_eq!(decode(&key, &bytes[..at]), None, "cut at {at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(decode(&key, &longer), None);
}

#[test]
fn the_key_is_of_everything_that_matters() {
    let first = request("text", (13, 0));
    let mut others = [
        request("texu", (13, 0)),
        request("text", (12, 9)),
        Request { options: vec!["--std=c++17".to_owned(), "-G".to_owned()], ..first.clone() },
        Request { options: vec!["--std=".to_owned(), "c++17".to_owned()], ..first.clone() },
        Request { options: vec!["--gpu-architecture=sm_80".to_owned()], ..first.clone() },
        Request { options: vec![], text: "text--std=c++17".to_owned(), ..first.clone() },
    ];
    let mut keys: Vec<_> = others.iter().map(key).collect();
    keys.push(key(&first));
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 7);
    // The name is in the text, where the log is to show it.
    others[0] = Request { name: "Suns".to_owned(), ..first.clone() };
    assert_eq!(key(&others[0]), key(&first));
}

#[test]
fn the_folder_is_that_of_the_system() {
    let given = |values: &'static [(&'static str, &'static str)]| {
        system_folder(move |name| Some(PathBuf::from(values.iter().find(|(known, _)| *known == name)?.1)))
    };
    if cfg!(target_os = "linux") {
        assert_eq!(given(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]), Some("/c/flow-runtime/cuda".into()));
        assert_eq!(given(&[("XDG_CACHE_HOME", "c"), ("HOME", "/h")]), Some("/h/.cache/flow-runtime/cuda".into()));
        assert_eq!(given(&[]), None);
    }
}

#[test]
fn the_oldest_are_removed_beyond_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, age: u64| {
        let path = folder.path().join(name);
        fs::write(&path, [0; 100]).unwrap();
        let time = SystemTime::now() - Duration::from_secs(age);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        path
    };
    let [old, older, new, other, left, writing] = [
        put("a.cubin", 100),
        put("b.cubin", 200),
        put("c.cubin", 300),
        put("notes.txt", 1000),
        put(".d.cubin.7-0.tmp", 100_000),
        put(".e.cubin.8-0.tmp", 5),
    ];
    remove_oldest(folder.path(), 250, &new);
    let there = [&old, &older, &new, &other, &left, &writing].map(|path| path.exists());
    assert_eq!(there, [true, false, true, true, false, true]);
    remove_oldest(folder.path(), 0, &new);
    assert!(!old.exists() && new.exists());
}

fn cache(folder: &Path) -> Cache {
    Cache { folder: Some(folder.to_owned()), limit: LIMIT }
}

const TEXT: &str = "FM_KERNEL(32) void flow_moons(float* x) { x[threadIdx.x] = 1.0f; }\n";

#[test]
fn a_text_is_compiled_once_and_again_if_its_entry_is_damaged() {
    if !there_is_nvrtc() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(&folder.path().join("made"));
    let request = Request::new(&source(TEXT), "sm_80", &[]).unwrap();
    let first = cache.compile(&request).unwrap();
    assert_eq!(cache.size().0, 1);
    let path = entries(cache.folder().unwrap()).remove(0).path;
    // What is read is the entry, not a new compilation.
    let marked = Binary::new(first.cubin.clone(), "read".to_owned());
    fs::write(&path, encode(&key(&request), &marked)).unwrap();
    assert_eq!(cache.compile(&request).unwrap().log, "read");
    // Another version of NVRTC, another entry.
    assert!(cache.compile(&Request { version: (1, 0), ..request.clone() }).unwrap().log.contains("flow_moons"));
    assert_eq!(cache.size().0, 2);
    let mut bytes = fs::read(&path).unwrap();
    bytes[70] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(cache.compile(&request).unwrap() == first);
    assert!(decode(&key(&request), &fs::read(&path).unwrap()) == Some(first));
}

#[test]
fn many_write_the_same_entry_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(&request("a", (13, 0)));
    let path = folder.path().join("a.cubin");
    let big = Binary::new(vec![7; 100_000], "log".to_owned());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    write(folder.path(), &path, &key, &big).unwrap();
                    assert_eq!(read(&path, &key).as_ref(), Some(&big));
                    remove_oldest(folder.path(), 0, &path);
                }
            });
        }
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    if !there_is_nvrtc() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let request = Request::new(&source(TEXT), "sm_80", &[]).unwrap();
    for folder in [file.join("below"), file, PathBuf::from("/proc/none")] {
        assert!(cache(&folder).compile(&request).unwrap().cubin.starts_with(b"\x7fELF"));
    }
    assert!(Cache { folder: None, limit: 0 }.compile(&request).is_ok());
}
