//! NumPy's `.npy` files (format versions 1 to 3).
//!
//! The header is read by hand, not by a Python literal parser: it is three known keys, and neither a deeply nested nor
//! an overflowing header may take the program down.

use std::{io::Write, path::Path};

use super::{
    Dataset,
    array::{Array, Number},
    atomic::write_atomically,
    read::{Source, quote},
};
use crate::error::{Error, Result};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy refuses longer headers too.
const LONGEST_HEADER: usize = 10_000;

impl Dataset {
    /// Reads a `.npy` file (gzipped or not); the first axis counts the samples, the others are flattened in C order.
    ///
    /// Floats of 32 and 64 bits, integers and booleans are taken, of either byte order, in C and Fortran layout.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] with the place if it is truncated, has extra bytes,
    /// another type of value, no values, or a value that is not finite as an `f32`.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.npy");
    /// let data = Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]])?;
    /// data.save_npy(&path)?;
    /// assert_eq!(Dataset::load_npy(&path)?, data);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn load_npy(path: impl AsRef<Path>) -> Result<Self> {
        let source = Source::new("npy", path.as_ref());
        decode(&source, &source.read()?)?.into_dataset()
    }

    /// Writes the samples as a `.npy` file of shape `[rows, dim]`, whole or not at all. Conditions are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be written; a file that was there is then intact.
    ///
    /// ```
    /// use flow_runtime::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("x.npy");
    /// Dataset::from_rows(&[[0.5, 1.0]])?.save_npy(&path)?;
    /// assert_eq!(std::fs::read(&path).unwrap()[..6], *b"\x93NUMPY");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn save_npy(&self, path: impl AsRef<Path>) -> Result<()> {
        let header =
            format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", self.rows(), self.dim());
        // Values start at a multiple of 64 bytes, so that the file can be mapped into memory.
        let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
        write_atomically(path, |out| {
            out.write_all(MAGIC)?;
            out.write_all(&[1, 0])?;
            out.write_all(&(length as u16).to_le_bytes())?;
            writeln!(out, "{header:<0$}", length - 1)?;
            self.values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        })
    }
}

/// An array from the bytes of a file.
pub(super) fn decode(source: &Source, bytes: &[u8]) -> Result<Array> {
    let (header, body) = split_header(source, bytes)?;
    let Header { number, big_endian, fortran, shape } = parse_header(source, header)?;
    let array = Array::decode(source, shape, number, big_endian, body)?;
    if fortran { from_fortran(array) } else { array }.check_finite(source)
}

fn split_header<'a>(source: &Source, bytes: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
    let truncated = |at: usize| {
        let got = format!("the end of the file after {} bytes", bytes.len());
        source.wrong(format!("byte {at}"), got, "the header", "the file is truncated; fetch or write it again")
    };
    let Some((magic, rest)) = bytes.split_first_chunk::<6>() else { return Err(truncated(0)) };
    if magic != MAGIC {
        let help = "this is not a .npy file; save it with numpy.save";
        return Err(source.wrong("byte 0", quote(magic), "\"\\x93NUMPY\"", help));
    }
    let Some((version, rest)) = rest.split_first_chunk::<2>() else { return Err(truncated(6)) };
    let (length, rest) = match version {
        [1, 0] => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (usize::from(u16::from_le_bytes(*length)), rest),
            None => return Err(truncated(8)),
        },
        [2 | 3, 0] => match rest.split_first_chunk::<4>() {
            Some((length, rest)) => (u32::from_le_bytes(*length) as usize, rest),
            None => return Err(truncated(8)),
        },
        [major, minor] => {
            let (got, expected) = (format!("version {major}.{minor}"), "version 1.0, 2.0 or 3.0");
            return Err(source.wrong("byte 6", got, expected, "save the array again with numpy.save"));
        }
    };
    if length > LONGEST_HEADER {
        let (got, expected) = (format!("a header of {length} bytes"), format!("at most {LONGEST_HEADER}"));
        return Err(source.wrong("byte 8", got, expected, "the file is damaged, or holds a structured array"));
    }
    rest.split_at_checked(length).ok_or_else(|| truncated(bytes.len() - rest.len()))
}

struct Header {
    number: Number,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

fn parse_header(source: &Source, text: &[u8]) -> Result<Header> {
    let mut scan = Scan { source, text, at: 0 };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    scan.expect(b'{')?;
    while !scan.take(b'}') {
        let key = scan.string("a key")?;
        scan.expect(b':')?;
        let repeated = match key {
            b"descr" => descr.replace(scan.string("a type such as '<f4'")?).is_some(),
            b"fortran_order" => fortran.replace(scan.boolean()?).is_some(),
            b"shape" => shape.replace(scan.shape()?).is_some(),
            _ => return Err(scan.wrong(&quote(key), "'descr', 'fortran_order' or 'shape'")),
        };
        if repeated {
            return Err(scan.wrong(&format!("{} twice", quote(key)), "every key once"));
        }
        if !scan.take(b',') {
            scan.expect(b'}')?;
            break;
        }
    }
    if let Some(at) = text[scan.at..].iter().position(|byte| !byte.is_ascii_whitespace()) {
        return Err(scan.wrong(&quote(&text[scan.at + at..]), "the end of the header"));
    }
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
        return Err(scan.wrong("a key too few", "'descr', 'fortran_order' and 'shape'"));
    };
    let (number, big_endian) = parse_descr(source, descr)?;
    Ok(Header { number, big_endian, fortran, shape })
}

fn parse_descr(source: &Source, descr: &[u8]) -> Result<(Number, bool)> {
    let number = match descr.get(1..) {
        Some(b"f4") => Some(Number::F32),
        Some(b"f8") => Some(Number::F64),
        Some(b"i1") => Some(Number::I8),
        Some(b"i2") => Some(Number::I16),
        Some(b"i4") => Some(Number::I32),
        Some(b"i8") => Some(Number::I64),
        Some(b"u1") => Some(Number::U8),
        Some(b"u2") => Some(Number::U16),
        Some(b"u4") => Some(Number::U32),
        Some(b"u8") => Some(Number::U64),
        Some(b"b1") => Some(Number::Bool),
        _ => None,
    };
    match (number, descr.first()) {
        (Some(number), Some(b'<')) => Ok((number, false)),
        (Some(number), Some(b'>')) => Ok((number, true)),
        (Some(number), Some(b'|')) if number.bytes() == 1 => Ok((number, false)),
        _ => Err(source.wrong(
            "header",
            format!("values of type {}", quote(descr)),
            "float32, float64, an integer or bool",
            "convert the array with `.astype(numpy.float32)`",
        )),
    }
}

/// A cursor in the text of the header.
struct Scan<'a> {
    source: &'a Source,
    text: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn wrong(&self, got: &str, expected: &str) -> Error {
        let help = "the header is damaged; save the array again with numpy.save";
        self.source.wrong(format!("header, character {}", self.at), got, expected, help)
    }

    /// The next byte that is not blank, not yet consumed.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.wrong(&quote(&self.text[self.at..]), &format!("`{}`", char::from(byte))))
    }

    fn string(&mut self, expected: &str) -> Result<&'a [u8]> {
        let rest = &self.text[self.at..];
        match self.peek() {
            Some(mark @ (b'\'' | b'"')) => {
                let inside = &self.text[self.at + 1..];
                if let Some(end) = inside.iter().position(|&byte| byte == mark) {
                    self.at += end + 2;
                    return Ok(&inside[..end]);
                }
                Err(self.wrong("a string without an end", expected))
            }
            Some(b'[') => Err(self.wrong("a structured type", expected)),
            _ => Err(self.wrong(&quote(rest), expected)),
        }
    }

    fn boolean(&mut self) -> Result<bool> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong(&quote(&self.text[self.at..]), "`True` or `False`"))
    }

    fn shape(&mut self) -> Result<Vec<usize>> {
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while !self.take(b')') {
            self.peek();
            let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = &self.text[self.at..self.at + digits];
            let Some(size) = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()) else {
                return Err(self.wrong(&quote(&self.text[self.at..]), "the size of an axis"));
            };
            shape.push(size);
            self.at += digits;
            // Python 2 wrote its long integers so.
            if self.text.get(self.at) == Some(&b'L') {
                self.at += 1;
            }
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(shape)
    }
}

/// Reorders values whose first axis runs fastest.
fn from_fortran(array: Array) -> Array {
    let strides: Vec<usize> =
        array.shape.iter().scan(1, |next, &size| Some(std::mem::replace(next, *next * size))).collect();
    let mut index = vec![0; array.shape.len()];
    let mut offset = 0;
    let mut values = Vec::with_capacity(array.values.len());
    for _ in 0..array.values.len() {
        values.push(array.values[offset]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < array.shape[axis] {
                break;
            }
            offset -= strides[axis] * array.shape[axis];
            index[axis] = 0;
        }
    }
    Array { values, ..array }
}
