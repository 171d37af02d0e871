//! A picture in memory: drawn three times as large, then averaged, so that every edge is smooth.

use std::{path::Path, sync::OnceLock};

use image::ImageEncoder as _;
use plotters::{
    coord::Shift,
    drawing::DrawingAreaErrorKind,
    prelude::{BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea, PathElement, Rectangle, Text},
    style::{
        Color as _, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::{
    data::write_atomically,
    error::{Error, Result},
};

/// Pixels drawn for each pixel of the picture, along each axis.
const SCALE: u32 = 3;
const SMALLEST: u32 = 120;
const LARGEST: u32 = 4096;
const FONT: &str = "flow";

pub(super) type Color = [u8; 3];
pub(super) const INK: Color = [38, 38, 38];
pub(super) const FAINT: Color = [110, 110, 110];
pub(super) const GRID: Color = [230, 230, 230];
/// Okabe and Ito's colours, but for black and the yellow that white swallows.
pub(super) const PALETTE: [Color; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233]];

pub(super) fn palette(i: usize) -> Color {
    PALETTE[i % PALETTE.len()]
}

type Backend<'a> = BitMapBackend<'a>;
pub(super) type Drawn<T = ()> =
    std::result::Result<T, DrawingAreaErrorKind<<Backend<'static> as DrawingBackend>::ErrorType>>;

/// RGB pixels, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl Picture {
    pub fn save_png(&self, path: &Path) -> Result<()> {
        write_atomically(path, |out| {
            let encoder = image::codecs::png::PngEncoder::new(out);
            encoder
                .write_image(&self.pixels, self.width, self.height, image::ExtendedColorType::Rgb8)
                .map_err(std::io::Error::other)
        })
    }
}

/// Draws a picture of `width` by `height` pixels on white.
pub(super) fn render((width, height): (u32, u32), draw: impl FnOnce(&Pen) -> Drawn) -> Result<Picture> {
    if !(SMALLEST..=LARGEST).contains(&width) || !(SMALLEST..=LARGEST).contains(&height) {
        return Err(Error::Invalid {
            operation: "drawing a picture",
            what: "its size".to_owned(),
            got: format!("{width} by {height} pixels"),
            expected: format!("{SMALLEST} to {LARGEST} pixels each way"),
            help: "640 by 640 suits a page".to_owned(),
        });
    }
    load_font()?;
    let (wide, high) = (width * SCALE, height * SCALE);
    let mut buffer = vec![255; 3 * (wide * high) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut buffer, (wide, high)).into_drawing_area();
        let pen = Pen { area, width: f64::from(width) };
        draw(&pen).and_then(|()| pen.area.present()).map_err(|error| cannot_draw(&error.to_string()))?;
    }
    Ok(Picture { width, height, pixels: average(&buffer, wide as usize) })
}

fn cannot_draw(got: &str) -> Error {
    Error::Invalid {
        operation: "drawing a picture",
        what: "the drawing backend".to_owned(),
        got: got.to_owned(),
        expected: "a finished picture".to_owned(),
        help: "this is a bug in flow-runtime: please report it".to_owned(),
    }
}

/// The font comes with the program, so that no system has to have one.
fn load_font() -> Result<()> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded =
        *LOADED.get_or_init(|| register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok());
    if loaded { Ok(()) } else { Err(cannot_draw("a font that cannot be read")) }
}

/// Means of blocks of `SCALE` by `SCALE` pixels.
fn average(buffer: &[u8], wide: usize) -> Vec<u8> {
    let scale = SCALE as usize;
    let width = wide / scale;
    let mut out = Vec::with_capacity(buffer.len() / (scale * scale));
    let mut sums = vec![0_u16; 3 * width];
    for lines in buffer.chunks_exact(3 * wide * scale) {
        sums.fill(0);
        for line in lines.chunks_exact(3 * wide) {
            for (sum, block) in sums.as_chunks_mut::<3>().0.iter_mut().zip(line.chunks_exact(3 * scale)) {
                for pixel in block.as_chunks::<3>().0 {
                    sum.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u16::from(value));
                }
            }
        }
        let count = (scale * scale) as u16;
        out.extend(sums.iter().map(|&sum| ((sum + count / 2) / count) as u8));
    }
    out
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
    /// Centred, running upwards.
    Upwards,
}

/// Draws in pixels of the finished picture, which may be fractions.
pub(super) struct Pen<'a> {
    area: DrawingArea<Backend<'a>, Shift>,
    pub width: f64,
}

impl Pen<'_> {
    pub fn line(&self, points: &[(f64, f64)], color: Color, opacity: f64, width: f64) -> Drawn {
        let points: Vec<_> = points.iter().map(|&point| at(point)).collect();
        self.area.draw(&PathElement::new(points, style(color, opacity).stroke_width(length(width).max(1) as u32)))
    }

    pub fn dot(&self, point: (f64, f64), radius: f64, color: Color, opacity: f64) -> Drawn {
        self.area.draw(&Circle::new(at(point), length(radius).max(1), style(color, opacity).filled()))
    }

    pub fn fill(&self, from: (f64, f64), to: (f64, f64), color: Color) -> Drawn {
        let ((x0, y0), (x1, y1)) = (at(from), at(to));
        self.area.draw(&Rectangle::new([(x0, y0), (x1, y1)], style(color, 1.0).filled()))
    }

    /// Text, vertically centred on its point.
    pub fn text(&self, text: &str, point: (f64, f64), size: f64, color: Color, anchor: Anchor) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        let horizontal = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Right => HPos::Right,
            Anchor::Center | Anchor::Upwards => HPos::Center,
        };
        let mut font = (FONT, size * f64::from(SCALE)).into_font();
        if anchor == Anchor::Upwards {
            font = font.transform(FontTransform::Rotate270);
        }
        let color = rgb(color);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(horizontal, VPos::Center));
        self.area.draw(&Text::new(text, at(point), style))
    }
}

/// Ends of the exponent in a text such as `10^−3`: the font has no raised minus.
fn split_exponent(text: &str) -> (&str, &str) {
    text.split_once('^').unwrap_or((text, ""))
}

impl Pen<'_> {
    /// The text of a tick, with what follows a `^` raised.
    pub fn tick(&self, text: &str, (x, y): (f64, f64), size: f64, color: Color, anchor: Anchor) -> Drawn {
        let (base, exponent) = split_exponent(text);
        let left = match anchor {
            Anchor::Left => x,
            Anchor::Right => x - tick_width(text, size),
            Anchor::Center | Anchor::Upwards => x - 0.5 * tick_width(text, size),
        };
        self.text(base, (left, y), size, color, Anchor::Left)?;
        self.text(exponent, (left + text_width(base, size) + 1.0, y - 0.35 * size), 0.78 * size, color, Anchor::Left)
    }
}

pub(super) fn tick_width(text: &str, size: f64) -> f64 {
    match split_exponent(text) {
        (base, "") => text_width(base, size),
        (base, exponent) => text_width(base, size) + 1.0 + text_width(exponent, 0.78 * size),
    }
}

/// Width of a text in pixels.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let width =
        (FONT, size * f64::from(SCALE)).into_font().layout_box(text).map_or(0, |((left, _), (right, _))| right - left);
    f64::from(width) / f64::from(SCALE)
}

fn at((x, y): (f64, f64)) -> (i32, i32) {
    (length(x), length(y))
}

fn length(x: f64) -> i32 {
    (x * f64::from(SCALE)).round() as i32
}

fn rgb([r, g, b]: Color) -> RGBColor {
    RGBColor(r, g, b)
}

fn style(color: Color, opacity: f64) -> ShapeStyle {
    ShapeStyle::from(rgb(color).mix(opacity))
}
