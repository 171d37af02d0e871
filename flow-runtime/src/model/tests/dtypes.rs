//! Tensors of every floating-point type.

use super::{
    file::{VALUES, bytes_of, f32s, read},
    *,
};
use ::safetensors::Dtype;
use half::{bf16, f16};
use proptest::prelude::*;

/// A file whose `out.weight` has these bytes.
fn weight(dtype: Dtype, bytes: Vec<u8>) -> Vec<u8> {
    bytes_of(&[("out.weight", dtype, &[2, 2], bytes), ("out.bias", Dtype::F32, &[2], f32s(&VALUES[4..]))])
}

fn halves(bits: [u16; 4]) -> Vec<u8> {
    bits.iter().flat_map(|bits| bits.to_le_bytes()).collect()
}

fn doubles(values: [f64; 4]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn weight_of(file: &[u8]) -> Result<Vec<f32>> {
    Ok(read(file)?.view("out.weight")?.to_vec())
}

/// Values of IEEE 754's binary16, counted by hand: the smallest subnormal is `2^-24`, the largest `2^-14 − 2^-24`, the
/// smallest normal `2^-14`, the largest of all 65504.
#[test]
fn f16_is_exact() {
    let exact = |bits, expected: [f32; 4]| assert_eq!(weight_of(&weight(Dtype::F16, halves(bits))).unwrap(), expected);
    exact([0x3c00, 0xc100, 0x3555, 0x7bff], [1.0, -2.5, 1365.0 / 4096.0, 65504.0]);
    exact([0x0001, 0x83ff, 0x0400, 0x0200], [2f32.powi(-24), -1023.0 * 2f32.powi(-24), 2f32.powi(-14), 2f32.powi(-15)]);
    let zeros = weight_of(&weight(Dtype::F16, halves([0x8000, 0, 0, 0]))).unwrap();
    assert!(zeros[0].is_sign_negative() && zeros[0] == 0.0);
}

/// bfloat16 is the upper half of an `f32`, its subnormals too.
#[test]
fn bf16_is_exact() {
    let got = weight_of(&weight(Dtype::BF16, halves([0x3f80, 0xc020, 0x0001, 0x7f7f]))).unwrap();
    let expected = [0x3f80_0000, 0xc020_0000, 0x0001_0000, 0x7f7f_0000].map(f32::from_bits);
    assert_eq!(got, expected);
    assert_eq!(got[..2], [1.0, -2.5]);
}

/// To nearest, ties to even, once; what is too small becomes zero, or a subnormal.
#[test]
fn f64_is_rounded_once() {
    let tie = 1.0 + f64::EPSILON * 2f64.powi(28);
    let got = weight_of(&weight(Dtype::F64, doubles([tie, tie + f64::EPSILON, 1e-40, -1e-300]))).unwrap();
    assert_eq!(got, [1.0, 1.0 + f32::EPSILON, 1e-40, 0.0]);
    let largest = f64::from(f32::MAX);
    // Half a unit in the last place further it would be infinite.
    let below = largest + 2f64.powi(102);
    let got = weight_of(&weight(Dtype::F64, doubles([below, -largest, 0.1, 3.0]))).unwrap();
    assert_eq!(got, [f32::MAX, f32::MIN, 0.1, 3.0]);
}

#[test]
fn what_is_not_finite_is_named_with_its_place() {
    let refused = |file: &[u8], expected: &str| {
        let error = read(file).unwrap_err();
        assert!(matches!(error, Error::NotFinite { .. }), "{error}");
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    let plain = "loading weights: `out.weight` is not finite at ";
    refused(&weight(Dtype::F16, halves([0, 0x7c00, 0, 0])), &format!("{plain}[0, 1]\n"));
    refused(&weight(Dtype::F16, halves([0, 0, 0, 0x7e00])), &format!("{plain}[1, 1]\n"));
    refused(&weight(Dtype::BF16, halves([0, 0, 0xff80, 0])), &format!("{plain}[1, 0]\n"));
    refused(&weight(Dtype::F32, f32s(&[f32::NAN, 0.0, 0.0, 0.0])), &format!("{plain}[0, 0]\n"));
    refused(&weight(Dtype::F64, doubles([0.0, f64::NEG_INFINITY, 0.0, 0.0])), &format!("{plain}[0, 1]\n"));
    let tie = f64::from(f32::MAX) + 2f64.powi(103);
    refused(
        &weight(Dtype::F64, doubles([0.0, 0.0, 0.0, -tie])),
        "loading weights: `out.weight`, -3.4028235677973366e38 rounded to f32, is not finite at [1, 1]\n\
         help: weights are `f32`",
    );
}

#[test]
fn other_types_are_refused_all_at_once() {
    let bytes =
        bytes_of(&[("out.weight", Dtype::I32, &[2, 2], vec![0; 16]), ("out.bias", Dtype::BOOL, &[2], vec![0; 2])]);
    let error = read(&bytes).unwrap_err().to_string();
    let expected = "`out.weight` of type I32 instead of F32, F64, F16 or BF16; `out.bias` of type BOOL instead of F32";
    assert!(error.contains(expected), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every bit pattern is the number it stands for, or refused. Written out, as the standard has it.
    #[test]
    fn any_half(bits in prop::array::uniform4(any::<u16>()), brain in any::<bool>()) {
        let number = |bits: u16| {
            let (sign, exponent, fraction) = match brain {
                true => return f32::from_bits(u32::from(bits) << 16),
                false => (bits >> 15, i32::from(bits >> 10 & 31), f32::from(bits & 1023)),
            };
            let magnitude = match exponent {
                0 => fraction * 2f32.powi(-24),
                31 => f32::INFINITY,
                _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
            };
            if sign == 1 { -magnitude } else { magnitude }
        };
        let expected = bits.map(number);
        let dtype = if brain { Dtype::BF16 } else { Dtype::F16 };
        match weight_of(&weight(dtype, halves(bits))) {
            Ok(got) => prop_assert_eq!(got, expected),
            Err(Error::NotFinite { .. }) => prop_assert!(expected.iter().any(|value| !value.is_finite())),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// What fits in fewer bits is the same from every type.
    #[test]
    fn the_types_agree(bits in prop::array::uniform4(any::<u16>())) {
        let number = |bits| { let number = bf16::from_bits(bits); if number.is_finite() { number } else { bf16::ONE } };
        let values = bits.map(number);
        let expected = values.map(bf16::to_f32);
        let same = |file: Vec<u8>| weight_of(&file).map(|got| got.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
        prop_assert!(same(weight(Dtype::BF16, halves(values.map(bf16::to_bits)))).unwrap());
        prop_assert!(same(weight(Dtype::F32, f32s(&expected))).unwrap());
        prop_assert!(same(weight(Dtype::F64, doubles(values.map(bf16::to_f64)))).unwrap());
        let narrow = expected.map(f16::from_f32);
        if narrow.iter().zip(&expected).all(|(narrow, value)| narrow.to_f32() == *value) {
            prop_assert!(same(weight(Dtype::F16, halves(narrow.map(f16::to_bits)))).unwrap());
        }
    }
}
