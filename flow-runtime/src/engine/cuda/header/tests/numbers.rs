//! Numbers of 16 bits, tensor cores, and what else is written once for the device and once for g++.

use super::*;

/// Every fragment of a matrix as lanes hold it: two numbers of 16 bits to a word.
fn pack(number: Number, low: f32, high: f32) -> u32 {
    let bits = |x: f32| match number {
        Number::F16 => half::f16::from_f32(x).to_bits(),
        _ => half::bf16::from_f32(x).to_bits(),
    };
    u32::from(bits(low)) | u32::from(bits(high)) << 16
}

fn round(number: Number, x: f32) -> f64 {
    match number {
        Number::F16 => half::f16::from_f32(x).to_f64(),
        _ => half::bf16::from_f32(x).to_f64(),
    }
}

/// Some numbers, of all sizes near one and both signs.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    };
    std::iter::successors(Some(seed), |_| None).cycle().scan(seed, |state, _| next(state)).take(count).collect()
}

#[test]
fn products_of_tensor_cores() {
    for (number, name) in [(Number::F16, "f16"), (Number::Bf16, "bf16")] {
        for seed in [0, 3] {
            let Some(mut header) = seeded(seed) else { return };
            // Fragments by the tables of the PTX ISA.
            let text = format!(
                "FM_KERNEL(64) void flow_mma(const u32* a, const u32* b, const float* c, float* d) {{
                   const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
                   u32 x[4] = {{a[g * 8 + t], a[(g + 8) * 8 + t], a[g * 8 + t + 4], a[(g + 8) * 8 + t + 4]}};
                   float sum[4];
                   for (int i = 0; i < 4; i++) sum[i] = c[(g + 8 * (i / 2)) * 8 + 2 * t + i % 2];
                   for (int n = 0; n <= warp; n++) fm_mma_{name}(sum, x, b[g * 8 + t], b[g * 8 + t + 4]);
                   for (int i = 0; i < 4; i++) d[warp * 128 + (g + 8 * (i / 2)) * 8 + 2 * t + i % 2] = sum[i];
                 }}"
            );
            let kernel = load(&mut header, "flow_mma", &text).unwrap();
            let (a, b, c) = (numbers(256, 1), numbers(128, 2), numbers(128, 3));
            // `a` row by row, `b` column by column.
            let words = |m: &[f32]| m.chunks(2).map(|x| f32::from_bits(pack(number, x[0], x[1]))).collect::<Vec<_>>();
            let memory = [words(&a), words(&b), c.clone(), vec![0.0; 256]].map(|values| given(&mut header, &values));
            let arguments: Vec<_> = memory.iter().map(|memory| Argument::Address(memory.address)).collect();
            header.launch(kernel, launch(1, 64, 0, false), &arguments).unwrap();
            let d = got(&mut header, &memory[3]);
            for (i, &got) in d.iter().enumerate() {
                let (warp, row, column) = (i / 128, i / 8 % 16, i % 8);
                let product: f64 =
                    (0..16).map(|k| round(number, a[row * 16 + k]) * round(number, b[column * 16 + k])).sum();
                let expected = f64::from(c[row * 8 + column]) + (warp + 1) as f64 * product;
                assert!((f64::from(got) - expected).abs() < 3e-6, "{name} {i}: {got} {expected}");
            }
        }
    }
}

#[test]
fn matrices_out_of_shared_memory() {
    for (name, seed) in [("fm_ldmatrix4", 0), ("fm_ldmatrix4_trans", 0), ("fm_ldmatrix4_trans", 2)] {
        let Some(mut header) = seeded(seed) else { return };
        // Rows of 8 numbers, 48 bytes apart; a lane overwrites its row as soon as it has its numbers.
        let text = format!(
            "FM_KERNEL(32) void flow_rows(u32* out) {{
               FM_SMEM(unsigned short, room);
               const int lane = threadIdx.x;
               for (int i = 0; i < 8; i++) room[lane * 24 + i] = (unsigned short)(lane * 8 + i);
               __syncwarp();
               u32 r[4];
               {name}(r, room + lane * 24);
               for (int i = 0; i < 8; i++) room[lane * 24 + i] = 0;
               for (int m = 0; m < 4; m++) out[lane * 4 + m] = r[m];
             }}"
        );
        let kernel = load(&mut header, "flow_rows", &text).unwrap();
        let out = given(&mut header, &[0.0; 128]);
        header.launch(kernel, launch(1, 32, 32 * 48, false), &[Argument::Address(out.address)]).unwrap();
        for (i, word) in got(&mut header, &out).into_iter().map(f32::to_bits).enumerate() {
            let (lane, matrix) = (i as u32 / 4, i as u32 % 4);
            let (g, t) = (lane / 4, lane % 4);
            let at = |row: u32, column: u32| (8 * matrix + row) * 8 + column;
            let expected = if name.ends_with("trans") {
                at(2 * t, g) | at(2 * t + 1, g) << 16
            } else {
                at(g, 2 * t) | at(g, 2 * t + 1) << 16
            };
            assert_eq!(word, expected, "{name} lane {lane} matrix {matrix}");
        }
    }
}

/// Rounding to 16 bits and back, as the `half` crate does it; NaN as the device has it.
#[test]
fn numbers_of_16_bits() {
    let Some(mut header) = seeded(0) else { return };
    let text = "FM_KERNEL(256) void flow_pack(const float* x, u32* out, int count) {
        for (int i = threadIdx.x; i < count; i += blockDim.x) {
          const float low = x[2 * i], high = x[2 * i + 1];
          float a, b;
          out[6 * i] = fm_pack_f16(low, high);
          out[6 * i + 1] = fm_pack_bf16(low, high);
          fm_unpack_f16(out[6 * i], a, b);
          out[6 * i + 2] = __float_as_uint(a), out[6 * i + 3] = __float_as_uint(b);
          fm_unpack_bf16(out[6 * i + 1], a, b);
          out[6 * i + 4] = __float_as_uint(a), out[6 * i + 5] = __float_as_uint(b);
        }
      }";
    let kernel = load(&mut header, "flow_pack", text).unwrap();
    let mut x: Vec<f32> = (0..40_000u32).map(|i| f32::from_bits(i.wrapping_mul(107_374))).collect();
    x.extend((0..20_000).map(|i| f32::from_bits(0x3380_0000 + i * 4096 + i % 3)));
    x.extend([
        65504.0,
        65519.9,
        65520.0,
        -65536.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        5.96e-8,
        2.98e-8,
        2.9802322e-8,
        -0.0,
    ]);
    x.extend([6.1035156e-5, 6.097555e-5, f32::MAX, f32::MIN_POSITIVE]);
    let (from, to) = (given(&mut header, &x), given(&mut header, &vec![0.0; 3 * x.len()]));
    let arguments = [Argument::Address(from.address), Argument::Address(to.address), Argument::Int(x.len() as i32 / 2)];
    header.launch(kernel, launch(1, 256, 0, false), &arguments).unwrap();
    let out = got(&mut header, &to);
    for (x, out) in x.chunks(2).zip(out.chunks(6)) {
        for (number, word, back) in [(Number::F16, out[0], &out[2..4]), (Number::Bf16, out[1], &out[4..6])] {
            for half in 0..2 {
                let (bits, back) = ((word.to_bits() >> (16 * half)) as u16, back[half]);
                let value = match number {
                    Number::F16 => half::f16::from_bits(bits).to_f32(),
                    _ => half::bf16::from_bits(bits).to_f32(),
                };
                if x[half].is_nan() {
                    assert!(bits == 0x7fff && back.is_nan(), "{bits:x}");
                } else {
                    assert_eq!(u32::from(bits), pack(number, x[half], 0.0) & 0xffff, "{}", x[half]);
                    assert_eq!(back.to_bits(), value.to_bits());
                }
            }
        }
    }
}

#[test]
fn lanes_exchange() {
    for seed in [0, 5] {
        let Some(mut header) = seeded(seed) else { return };
        // Threads 40 to 47 are a part of a warp; those from 44 on leave early.
        let text = "FM_KERNEL(48) void flow_lanes(int* out) {
            const int t = threadIdx.x;
            if (t >= 44) return;
            double wide = 1.5 * t;
            int* own = out + 8 * t;
            own[0] = __shfl_sync(~0u, t, 3);
            own[1] = __shfl_xor_sync(~0u, t, 2);
            own[2] = __shfl_down_sync(~0u, t, 9);
            own[3] = __shfl_up_sync(~0u, t, 9);
            own[4] = __shfl_sync(~0u, t, 5, 4);
            own[5] = (int)(2.0 * __shfl_xor_sync(~0u, wide, 1));
            own[6] = (int)__ballot_sync(~0u, t % 3 == 0);
            own[7] = __any_sync(~0u, t == 40) + 2 * __all_sync(~0u, t < 32);
          }";
        let kernel = load(&mut header, "flow_lanes", text).unwrap();
        let out = given(&mut header, &[0.0; 8 * 48]);
        header.launch(kernel, launch(1, 48, 0, false), &[Argument::Address(out.address)]).unwrap();
        let out: Vec<i32> = got(&mut header, &out).into_iter().map(|x| x.to_bits() as i32).collect();
        for t in 0..44 {
            let (warp, lane, own) = (t / 32 * 32, t % 32, &out[8 * t as usize..]);
            assert_eq!((own[0], own[1], own[4], own[5]), (warp + 3, t ^ 2, t / 4 * 4 + 1, 3 * (t ^ 1)), "{t}");
            assert_eq!(own[3], if lane < 9 { t } else { t - 9 });
            // What is beyond the block's threads is undefined.
            if t < 32 || lane + 9 > 31 {
                assert_eq!(own[2], if lane + 9 > 31 { t } else { t + 9 }, "{t}");
            }
            let live = if t < 32 { 32 } else { 12 };
            let ballot = (0..live).filter(|lane| (warp + lane) % 3 == 0).fold(0, |all, lane| all | 1u32 << lane);
            assert_eq!((own[6] as u32, own[7]), (ballot, if t < 32 { 2 } else { 1 }));
        }
    }
}

/// Each function and macro of the device's prelude has its twin.
#[test]
fn every_function_has_a_twin() {
    let (device, twin) = (include_str!("../../text/device.cuh"), include_str!("../cuda_header.h"));
    let names = device.lines().filter_map(|line| {
        let rest = line.strip_prefix("#define FM_").map(|rest| (true, rest));
        let (macros, rest) = rest.or_else(|| line.strip_prefix("FM_FUNCTION ").map(|rest| (false, rest)))?;
        let end = if macros { rest.find(['(', ' '])? } else { rest.find('(')? };
        Some(if macros { format!("#define FM_{}", &rest[..end]) } else { rest[..end].rsplit(' ').next()?.to_owned() })
    });
    let mut count = 0;
    for name in names.filter(|name| !name.ends_with("FM_DEVICE")) {
        assert!(twin.contains(&format!("{name}(")) || twin.contains(&format!("{name} ")), "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn products_are_those_of_double_precision() {
    let Some(mut header) = seeded(0) else { return };
    let (rows, depth, columns) = (5, 7, 3);
    for (number, a_transposed, b_transposed) in [
        (Number::F32, false, false),
        (Number::F16, true, false),
        (Number::Bf16, false, true),
        (Number::F32, true, true),
    ] {
        let (a, b, c) = (numbers(rows * depth, 7), numbers(depth * columns, 8), numbers(rows * columns, 9));
        let mut operand = |values: &[f32], rows: usize, columns: usize, transposed: bool| {
            let (r, c) = if transposed { (columns, rows) } else { (rows, columns) };
            let stride = c + 2;
            let memory = header.allocate(stride * r * 4, "an operand").unwrap();
            for i in 0..rows {
                for j in 0..columns {
                    let (x, at) = (values[i * columns + j], if transposed { j * stride + i } else { i * stride + j });
                    match number {
                        Number::F32 => header.upload(&memory, 4 * at, bytes_of(&[x])).unwrap(),
                        _ => header.upload(&memory, 2 * at, bytes_of(&[pack(number, x, 0.0) as u16])).unwrap(),
                    }
                }
            }
            (Matrix { address: memory.address, rows: r, columns: c, stride }, memory)
        };
        let ((left, _left), (right, _right)) =
            (operand(&a, rows, depth, a_transposed), operand(&b, depth, columns, b_transposed));
        let out = given(&mut header, &c);
        let to = Matrix { address: out.address, rows, columns, stride: columns };
        let mut product = Product {
            number,
            a: left,
            a_transposed,
            b: right,
            b_transposed,
            out: to,
            alpha: 2.0,
            beta: 0.5,
            repeatable: false,
        };
        header.multiply(&product).unwrap();
        let value = |x: f32| if number == Number::F32 { f64::from(x) } else { round(number, x) };
        for (i, got) in got(&mut header, &out).into_iter().enumerate() {
            let sum: f64 =
                (0..depth).map(|k| value(a[i / columns * depth + k]) * value(b[k * columns + i % columns])).sum();
            assert!((f64::from(got) - (2.0 * sum + 0.5 * f64::from(c[i]))).abs() < 2e-6, "{number:?} {i}");
        }
        product.a.rows += 1;
        assert!(header.multiply(&product).is_err());
        product.a.rows -= 1;
        product.out.stride += 1;
        assert!(header.multiply(&product).unwrap_err().to_string().contains("held"));
    }
}
