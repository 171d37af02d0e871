use crate::{
    engine::cuda::{backend::*, source::Source},
    error::Result,
};
use std::{ffi::c_void, sync::Arc};

/// The header that runs CUDA text on the CPU is named by this variable, until the crate has its own.
const PLACE: &str = "FLOW_CPU_HEADER";

const HEADER: &str = r#"
#include <utility>
typedef uint32_t u32; typedef unsigned long long u64;
#define FM_FUNCTION inline
#define FM_KERNEL(n) static
static inline float fm_ex2(float x) { return exp2f(x); }
static inline float fm_rcp(float x) { return 1.0f / x; }
static inline uint16_t f2h(float f) { _Float16 h = (_Float16)f; uint16_t u; memcpy(&u, &h, 2); return u; }
static inline float h2f(uint16_t u) { _Float16 h; memcpy(&h, &u, 2); return (float)h; }
static inline u32 fm_pack_f16(float lo, float hi) { return f2h(lo) | ((u32)f2h(hi) << 16); }
static inline void fm_unpack_f16(u32 v, float& lo, float& hi) { lo = h2f((uint16_t)v); hi = h2f((uint16_t)(v >> 16)); }
static inline void fm_unpack_bf16(u32 v, float& lo, float& hi) { lo = fm_bf16f((uint16_t)v); hi = fm_bf16f((uint16_t)(v >> 16)); }
static inline unsigned __ballot_sync(unsigned, int p) { fm::Warp& w = *fm::cur->w; int q = fm::cur->par; fm::cur->par ^= 1; w.slot[q][fm::cur->lane][0] = p != 0; fm::barrier(w); unsigned r = 0; for (int i = 0; i < 32; i++) r |= w.slot[q][i][0] << i; return r; }
"#;
const FOOTER: &str = r#"
template <class... A, size_t... I> void call(void (*f)(A...), void** a, std::index_sequence<I...>) { f(*(A*)a[I]...); }
template <class... A> void call(void (*f)(A...), void** a) { call(f, a, std::index_sequence_for<A...>()); }
extern "C" void run(int which, int blocks, int threads, unsigned long long shared, unsigned long long seed, void** a) {
  fm::seed = seed;
  fm::launch(dim3(blocks), dim3(threads), shared, [=] { switch (which) { CASES } });
}
"#;

/// The header's state is the process's.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

type Run = unsafe extern "C" fn(i32, i32, i32, u64, u64, *mut *mut c_void);

#[derive(Clone)]
enum Act {
    Launch(Kernel, Launch, Vec<Argument>),
    Multiply(Product),
    Copy(u64, u64, usize),
    Zero(u64, usize),
}

pub(super) struct Stopgap {
    properties: Properties,
    kernels: Vec<(Run, i32)>,
    graphs: Vec<Vec<Act>>,
    recording: Option<Vec<Act>>,
    seed: u64,
}

impl Stopgap {
    /// None where there is no such header.
    pub(super) fn new(seed: u64) -> Option<Self> {
        if std::env::var_os(PLACE).is_none() {
            eprintln!("skipped: {PLACE} is not set");
            return None;
        }
        let properties = Properties {
            name: "stopgap".to_owned(),
            capability: (9, 0),
            multiprocessors: 2,
            shared_per_block: 200 << 10,
            memory: 1 << 33,
        };
        Some(Self { properties, kernels: Vec::new(), graphs: Vec::new(), recording: None, seed })
    }

    fn act(&mut self, act: Act) {
        match &mut self.recording {
            Some(acts) => acts.push(act),
            None => self.run(&act),
        }
    }

    fn run(&mut self, act: &Act) {
        match act {
            Act::Copy(from, to, bytes) => unsafe {
                std::ptr::copy(*from as *const u8, *to as *mut u8, *bytes);
            },
            Act::Zero(to, bytes) => unsafe { std::ptr::write_bytes(*to as *mut u8, 0, *bytes) },
            Act::Launch(kernel, launch, arguments) => {
                let (run, which) = self.kernels[kernel.0];
                let mut values: Vec<u64> = arguments
                    .iter()
                    .map(|a| match a {
                        Argument::Address(x) | Argument::Long(x) => *x,
                        Argument::Int(x) => *x as u32 as u64,
                        Argument::Float(x) => x.to_bits() as u64,
                    })
                    .collect();
                let mut pointers: Vec<*mut c_void> = values.iter_mut().map(|v| std::ptr::from_mut(v).cast()).collect();
                let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                unsafe {
                    run(
                        which,
                        launch.blocks as i32,
                        launch.threads as i32,
                        launch.shared as u64,
                        self.seed,
                        pointers.as_mut_ptr(),
                    );
                }
            }
            Act::Multiply(p) => {
                let read = |m: &Matrix, r: usize, c: usize| unsafe {
                    assert!(r < m.rows && c < m.columns && m.stride >= m.columns);
                    let at = r * m.stride + c;
                    match p.number {
                        Number::F32 => *(m.address as *const f32).add(at),
                        Number::F16 => half::f16::from_bits(*(m.address as *const u16).add(at)).to_f32(),
                        Number::Bf16 => half::bf16::from_bits(*(m.address as *const u16).add(at)).to_f32(),
                    }
                };
                let a = |r, k| if p.a_transposed { read(&p.a, k, r) } else { read(&p.a, r, k) };
                let b = |k, c| if p.b_transposed { read(&p.b, c, k) } else { read(&p.b, k, c) };
                let depth = if p.a_transposed { p.a.rows } else { p.a.columns };
                assert_eq!(depth, if p.b_transposed { p.b.columns } else { p.b.rows });
                assert_eq!(p.out.rows, if p.a_transposed { p.a.columns } else { p.a.rows });
                assert_eq!(p.out.columns, if p.b_transposed { p.b.rows } else { p.b.columns });
                for r in 0..p.out.rows {
                    for c in 0..p.out.columns {
                        let sum: f32 = (0..depth).map(|k| a(r, k) * b(k, c)).sum();
                        unsafe {
                            let to = (p.out.address as *mut f32).add(r * p.out.stride + c);
                            *to = p.alpha * sum + if p.beta == 0.0 { 0.0 } else { p.beta * *to };
                        }
                    }
                }
            }
        }
    }
}

impl Backend for Stopgap {
    fn properties(&self) -> &Properties {
        &self.properties
    }
    fn free(&mut self) -> Result<usize> {
        Ok(1 << 33)
    }
    fn allocate(&mut self, bytes: usize, _: &str) -> Result<Memory> {
        let mut owner = vec![0xffu8; bytes + 256].into_boxed_slice();
        let address = (owner.as_mut_ptr() as u64).next_multiple_of(256);
        Ok(Memory { address, bytes, owner: Arc::new(owner) })
    }
    fn upload(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()> {
        assert!(self.recording.is_none() && offset + bytes.len() <= to.bytes);
        unsafe { std::ptr::copy(bytes.as_ptr(), (to.address as *mut u8).add(offset), bytes.len()) };
        Ok(())
    }
    fn download(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()> {
        assert!(self.recording.is_none() && offset + bytes.len() <= from.bytes);
        unsafe { std::ptr::copy((from.address as *const u8).add(offset), bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }
    fn copy(&mut self, from: (&Memory, usize), to: (&Memory, usize), bytes: usize) -> Result<()> {
        assert!(from.1 + bytes <= from.0.bytes && to.1 + bytes <= to.0.bytes);
        self.act(Act::Copy(from.0.address + from.1 as u64, to.0.address + to.1 as u64, bytes));
        Ok(())
    }
    fn zero(&mut self, to: &Memory, offset: usize, bytes: usize) -> Result<()> {
        assert!(offset + bytes <= to.bytes);
        self.act(Act::Zero(to.address + offset as u64, bytes));
        Ok(())
    }
    fn load(&mut self, source: &Source) -> Result<Vec<Kernel>> {
        let mut hash = std::collections::hash_map::DefaultHasher::new();
        std::hash::Hash::hash(source, &mut hash);
        std::hash::Hash::hash(&(HEADER, FOOTER), &mut hash);
        let folder = std::env::temp_dir().join("flow-wide");
        std::fs::create_dir_all(&folder).unwrap();
        let path = format!("{}/lib{:x}", folder.display(), std::hash::Hasher::finish(&hash));
        if !std::path::Path::new(&format!("{path}.so")).exists() {
            let cases: String =
                source.kernels.iter().enumerate().map(|(i, k)| format!("case {i}: call({k}, a); break; ")).collect();
            let header = std::fs::read_to_string(std::env::var_os(PLACE).unwrap()).unwrap();
            let text = format!("{header}\n{HEADER}\n{}\n{}", source.text, FOOTER.replace("CASES", &cases));
            std::fs::write(format!("{path}.cpp"), text).unwrap();
            let done = std::process::Command::new("g++")
                .args(["-std=c++17", "-O1", "-w", "-fPIC", "-shared", "-mf16c", "-mfma", "-ffp-contract=off", "-o"])
                .arg(format!("{path}.tmp"))
                .arg(format!("{path}.cpp"))
                .status()
                .unwrap();
            assert!(done.success());
            std::fs::rename(format!("{path}.tmp"), format!("{path}.so")).unwrap();
        }
        let library = Box::leak(Box::new(unsafe { libloading::Library::new(format!("{path}.so")).unwrap() }));
        let run: Run = unsafe { *library.get(b"run").unwrap() };
        let first = self.kernels.len();
        self.kernels.extend((0..source.kernels.len()).map(|i| (run, i as i32)));
        Ok((first..self.kernels.len()).map(Kernel).collect())
    }
    fn launch(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        self.act(Act::Launch(kernel, launch, arguments.to_vec()));
        Ok(())
    }
    fn multiply(&mut self, product: &Product) -> Result<()> {
        self.act(Act::Multiply(*product));
        Ok(())
    }
    fn capture(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph> {
        self.recording = Some(Vec::new());
        work(self)?;
        self.graphs.push(self.recording.take().unwrap());
        Ok(Graph(self.graphs.len() - 1))
    }
    fn replay(&mut self, graph: Graph) -> Result<()> {
        let acts = self.graphs[graph.0].clone();
        acts.iter().for_each(|act| self.run(act));
        Ok(())
    }
    fn forget(&mut self, graph: Graph) {
        self.graphs[graph.0].clear();
    }
    fn synchronize(&mut self) -> Result<()> {
        Ok(())
    }
}
