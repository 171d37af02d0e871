//! Random numbers of the kernels: those of [`rng`](crate::rng), of the training times, of the sources and of dropout, bit for bit.

use super::header;
use crate::{
    engine::cuda::{
        backend::{Argument, Backend, Launch, bytes_of, bytes_of_mut},
        source::{Source as Text, Writer},
        tile::RANDOM,
    },
    flow::Source,
    program::dropout_keeps,
    rng::{Philox, Stream},
    train::TimeSampling,
};

/// Runs `out[i] = …` for every index, where the expression may use `r`, `index`, `n`, `a` and `b`.
fn run(
    backend: &mut dyn Backend,
    expression: &str,
    (seed, stream, step): (u64, Stream, u64),
    indices: &[u64],
    n: u64,
    [a, b]: [f64; 2],
) -> Vec<u64> {
    let mut out = Writer::default();
    out.text(RANDOM);
    let parameters =
        "const u64* indices, u64* out, int count, u64 seed, int stream, u64 step, u64 n, u64 low, u64 high";
    out.block(format_args!("FM_KERNEL(128) void flow_draw({parameters})"), |out| {
        out.line("const fm_random r = fm_random_of(seed, (u32)stream, step);");
        out.line("const double a = __longlong_as_double((long long)low), b = __longlong_as_double((long long)high);");
        out.block("for (int i = threadIdx.x; i < count; i += blockDim.x)", |out| {
            out.line("const u64 index = indices[i];");
            out.line(format_args!("out[i] = {expression};"));
        });
    });
    let text = Text { name: "Draw".to_owned(), text: out.finish(), kernels: vec!["flow_draw".to_owned()] };
    let kernel = backend.load(&text).unwrap()[0];
    let from = backend.allocate(8 * indices.len(), "indices").unwrap();
    let to = backend.allocate(8 * indices.len(), "numbers").unwrap();
    backend.upload(&from, 0, bytes_of(indices)).unwrap();
    let arguments = [
        Argument::Address(from.address),
        Argument::Address(to.address),
        Argument::Int(indices.len() as i32),
        Argument::Long(seed),
        Argument::Int(stream as i32),
        Argument::Long(step),
        Argument::Long(n),
        Argument::Long(a.to_bits()),
        Argument::Long(b.to_bits()),
    ];
    backend.launch(kernel, Launch { blocks: 1, threads: 128, shared: 0, cooperative: false }, &arguments).unwrap();
    let mut numbers = vec![0u64; indices.len()];
    backend.download(&to, 0, bytes_of_mut(&mut numbers)).unwrap();
    numbers
}

/// The first indices, and some around every place where a word of the counter overflows.
fn indices() -> Vec<u64> {
    let edges = [1 << 32, 1 << 33, 1 << 34, 1 << 40, 1 << 49, (1 << 50) - 64];
    (0..5000).chain(edges.into_iter().flat_map(|edge: u64| edge - 60..edge + 60)).collect()
}

const SEQUENCES: [(u64, Stream, u64); 3] =
    [(7, Stream::Source, 0), (u64::MAX - 5, Stream::Time, 1 << 40 | 12), (0x0123_4567_89ab_cdef, Stream::Dropout, 3)];

/// The sequence, and what a number is.
fn compare(expression: &str, n: u64, ends: [f64; 2], expected: impl Fn(&Philox, (u64, Stream, u64), u64) -> u64) {
    let Some(mut backend) = header(0) else { return };
    let indices = indices();
    for sequence in SEQUENCES {
        let got = run(&mut *backend, expression, sequence, &indices, n, ends);
        let (seed, stream, step) = sequence;
        let random = Philox::new(seed, stream, step);
        for (&index, got) in indices.iter().zip(got) {
            assert_eq!(got, expected(&random, sequence, index), "{expression} {sequence:?} {index}");
        }
    }
}

fn bits(x: f32) -> u64 {
    x.to_bits().into()
}

#[test]
fn bits_and_whole_numbers() {
    compare("fm_bits32(r, index)", 0, [0.0; 2], |random, _, index| random.bits32(index).into());
    compare("fm_bits64(r, index)", 0, [0.0; 2], |random, _, index| random.bits64(index));
    for n in [0, 1, 6, 60_000, u64::MAX] {
        compare("fm_below(r, index, n)", n, [0.0; 2], |random, _, index| random.below(index, n));
    }
}

#[test]
fn uniform_and_normal_numbers() {
    compare("__float_as_uint(fm_uniform(r, index))", 0, [0.0; 2], |random, _, index| bits(random.uniform_f32(index)));
    compare("__float_as_uint(fm_normal(r, index))", 0, [0.0; 2], |random, _, index| bits(random.normal_f32(index)));
    let pair = "[&] { float even, odd; fm_normal_pair(r, index & ~1ull, &even, &odd); \
                return __float_as_uint(even) | (u64)__float_as_uint(odd) << 32; }()";
    compare(pair, 0, [0.0; 2], |random, _, index| {
        let [even, odd] = [index & !1, index | 1].map(|index| bits(random.normal_f32(index)));
        even | odd << 32
    });
}

#[test]
fn start_points_and_dropout() {
    let [low, high] = [-0.7, 2.1];
    compare("__float_as_uint(fm_source_uniform(r, index, a, b))", 0, [low, high], |random, _, index| {
        let mut x = [0.0];
        Source::Uniform { low, high }.fill(random, index, 1, &mut x).unwrap();
        bits(x[0])
    });
    for p in [0.0, 0.25, 0.1] {
        compare("fm_keeps(fm_random_of(seed, 4, step), index, a)", 0, [p, 0.0], |_, (seed, _, step), index| {
            dropout_keeps(seed, step, index, p).into()
        });
    }
}

#[test]
fn training_times() {
    compare("__float_as_uint(fm_time_uniform(r, index))", 0, [0.0; 2], |random, _, index| {
        bits(TimeSampling::Uniform.sample(random, index) as f32)
    });
}

/// The logarithm and the sine are not the library's: where they differ in their last bits, a time at the edge of its cell of
/// the lattice comes to lie in the next. One in some 2^28 does, and none of those here was seen to.
#[test]
fn logit_normal_times() {
    let (mut different, mut count) = (0, 0);
    let indices = indices();
    for (mean, std) in [(0.0, 1.0), (-0.8, 1.7), (900.0, 3.0)] {
        let Some(mut backend) = header(0) else { return };
        let expression = "__float_as_uint(fm_time_logit_normal(r, index, a, b))";
        for sequence in SEQUENCES {
            let got = run(&mut *backend, expression, sequence, &indices, 0, [mean, std]);
            let (seed, stream, step) = sequence;
            let random = Philox::new(seed, stream, step);
            for (&index, got) in indices.iter().zip(got) {
                let got = f64::from(f32::from_bits(got as u32));
                let expected = TimeSampling::LogitNormal { mean, std }.sample(&random, index);
                different += i32::from(got != expected);
                count += 1;
                assert!((got - expected).abs() <= 1.0 / (1 << 23) as f64, "{index}: {got} {expected}");
            }
        }
    }
    eprintln!("{different} of {count} times are in the next cell");
    assert!(different <= 1, "{different} of {count}");
}
