//! Arrays of any rank as files hold them, and how they become samples and conditions.

use super::{ConditionValues, Dataset, read::Source};
use crate::error::Result;

/// Labels above this are not exact in an `f32`, in which arrays are held.
const LARGEST_LABEL: f32 = 16_777_216.0;

/// An array from a file: finite values in row-major order, not empty, of rank 1 or more.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
    /// Whether the file holds integers or booleans.
    pub integer: bool,
}

/// The numbers that a binary format can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Number {
    pub fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// Decodes values that follow each other. A rest shorter than one value is left alone.
    fn decode(self, bytes: &[u8], big_endian: bool) -> Vec<f32> {
        macro_rules! decode {
            ($type:ty) => {{
                let value =
                    |&chunk| if big_endian { <$type>::from_be_bytes(chunk) } else { <$type>::from_le_bytes(chunk) };
                bytes.as_chunks().0.iter().map(|chunk| value(chunk) as f32).collect()
            }};
        }
        match self {
            Self::F32 => decode!(f32),
            Self::F64 => decode!(f64),
            Self::I8 => decode!(i8),
            Self::I16 => decode!(i16),
            Self::I32 => decode!(i32),
            Self::I64 => decode!(i64),
            Self::U8 => decode!(u8),
            Self::U16 => decode!(u16),
            Self::U32 => decode!(u32),
            Self::U64 => decode!(u64),
            Self::Bool => bytes.iter().map(|&byte| f32::from(u8::from(byte != 0))).collect(),
        }
    }
}

impl Array {
    /// Decodes the part of a file behind its header, which must be neither shorter nor longer than the shape asks.
    pub fn decode(source: &Source, shape: Vec<usize>, number: Number, big_endian: bool, body: &[u8]) -> Result<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
        let Some(bytes) = count.and_then(|count| count.checked_mul(number.bytes())) else {
            return Err(source.wrong(
                "header",
                format!("shape {shape:?}, more than the memory of any machine"),
                format!("a shape that fits the {} bytes behind the header", body.len()),
                "the header is damaged; fetch the file again",
            ));
        };
        if shape.is_empty() || bytes == 0 {
            let got =
                if shape.is_empty() { "a single number".to_owned() } else { format!("shape {shape:?}, no values") };
            return Err(source.wrong("header", got, "an array of at least one row", "save the samples as [rows, …]"));
        }
        if bytes != body.len() {
            let help = if body.len() < bytes {
                "the file is truncated; fetch or write it again"
            } else {
                "something was appended to the file; write it again"
            };
            let (got, expected) = (format!("{} bytes of values", body.len()), format!("{bytes} for shape {shape:?}"));
            return Err(source.wrong("values", got, expected, help));
        }
        let values = number.decode(body, big_endian);
        Ok(Self { shape, values, integer: !matches!(number, Number::F32 | Number::F64) })
    }

    /// Refuses NaN, infinity, and what is infinite as an `f32`, naming the row. Wants row-major order.
    pub fn check_finite(self, source: &Source) -> Result<Self> {
        match self.values.iter().position(|value| !value.is_finite()) {
            None => Ok(self),
            Some(at) => Err(source.wrong(
                format!("row {}, column {}", at / self.dim(), at % self.dim()),
                self.values[at].to_string(),
                "a finite number that fits into 32 bits",
                "rows and columns are counted from 0; remove or replace that value",
            )),
        }
    }

    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Values in a row: the product of all axes but the first.
    pub fn dim(&self) -> usize {
        self.values.len().checked_div(self.rows()).unwrap_or(0).max(1)
    }

    pub fn into_dataset(self) -> Result<Dataset> {
        let dim = self.dim();
        Dataset::from_flat(self.values, dim)
    }

    /// Integers of rank 1 are class labels, everything else is a vector per sample.
    pub fn into_condition(self, source: &Source) -> Result<ConditionValues> {
        if self.integer && self.shape.len() == 1 {
            return Ok(ConditionValues::Class(self.labels(source)?));
        }
        Ok(ConditionValues::Vector { dim: self.dim(), values: self.values })
    }

    /// The values as class labels.
    pub fn labels(&self, source: &Source) -> Result<Vec<u32>> {
        if self.dim() != 1 {
            let (got, expected) = (format!("shape {:?}", self.shape), format!("[{}]", self.rows()));
            return Err(source.wrong("header", got, expected, "give one label per sample"));
        }
        let label = |(row, &value): (usize, &f32)| {
            if value >= 0.0 && value < LARGEST_LABEL && value.fract() == 0.0 {
                return Ok(value as u32);
            }
            let expected = format!("a class label, an integer from 0 to below {LARGEST_LABEL}");
            Err(source.wrong(format!("row {row}"), value.to_string(), expected, "number the classes from 0"))
        };
        self.values.iter().enumerate().map(label).collect()
    }
}
