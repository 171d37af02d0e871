//! A cloud of points on its way, as an animated GIF.

use std::{collections::BTreeMap, path::Path};

use super::{
    Options,
    canvas::{Picture, palette, render},
    cloud::{check_frames, cloud_frame, draw_points, plane},
};
use crate::{
    data::write_atomically,
    error::{Error, Result},
    metrics::Points,
};

const SIZE: (u32, u32) = (440, 440);
/// All frames are in memory until their common colours are known.
const MOST_PIXELS: u64 = 200_000_000;
/// The colour of the points to be reached.
const TARGET: [u8; 3] = [190, 190, 190];

/// How an [`animation`] looks and runs.
///
/// ```
/// use flow_runtime::plot::{Animation, Options};
/// let slow = Animation { options: Options::titled("t = {t}"), rate: 10.0, ..Animation::default() };
/// assert_eq!(slow.times, None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Animation<'a> {
    /// Size, title, labels and ranges; the title may hold `{t}`, which becomes the time of the frame.
    pub options: Options,
    /// Time of each frame; by default evenly from 0 to 1.
    pub times: Option<Vec<f64>>,
    /// Frames in a second.
    pub rate: f64,
    /// Seconds for which the last frame stands.
    pub hold: f64,
    /// Points to be reached, drawn grey behind the others.
    pub target: Option<Points<'a>>,
}

impl Default for Animation<'_> {
    fn default() -> Self {
        Self { options: Options::titled("t = {t}"), times: None, rate: 20.0, hold: 1.5, target: None }
    }
}

/// Draws the frames of a flow, `[rows, 2]` each and all of one size, as an animated GIF that runs for ever.
///
/// The axes are the same in every frame. Sixty frames of some thousand points make a file below 2 MB.
///
/// # Errors
///
/// As for [`super::trajectories`]; also [`Error::Invalid`] for a rate or hold that is not positive or too long for the
/// format (655 s), [`Error::Shape`] if there are not as many times as frames.
///
/// ```
/// use flow_runtime::plot::{self, Animation};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("flow.gif");
/// let frames: Vec<Vec<[f32; 2]>> = (0..5_u8).map(|i| vec![[f32::from(i), 0.0], [0.0, f32::from(i)]]).collect();
/// plot::animation(&path, &frames, &Animation::default())?;
/// # Ok::<(), flow_runtime::Error>(())
/// ```
pub fn animation<'a, F>(path: impl AsRef<Path>, frames: F, animation: &Animation) -> Result<()>
where
    F: IntoIterator,
    F::Item: Into<Points<'a>>,
{
    const OPERATION: &str = "drawing an animation";
    let frames: Vec<Points> = frames.into_iter().map(Into::into).collect();
    let mut all = check_frames(OPERATION, &frames)?;
    let times = check_times(animation, frames.len())?;
    let (delay, hold) = (hundredths("`rate`", 1.0 / animation.rate)?, hundredths("`hold`", animation.hold)?);
    if let Some(target) = animation.target {
        all.extend(plane(OPERATION, "target", target)?);
    }
    let (size, frame) = cloud_frame(SIZE, &all, &animation.options, &[])?;
    let pixels = frames.len() as u64 * u64::from(size.0) * u64::from(size.1);
    if pixels > MOST_PIXELS {
        return Err(Error::Invalid {
            operation: OPERATION,
            what: "the animation".to_owned(),
            got: format!("{} frames of {} by {} pixels", frames.len(), size.0, size.1),
            expected: format!("at most {MOST_PIXELS} pixels in all"),
            help: "draw fewer or smaller frames".to_owned(),
        });
    }
    let mut pictures = Vec::with_capacity(frames.len());
    for (&points, t) in frames.iter().zip(&times) {
        let options =
            Options { title: animation.options.title.replace("{t}", &format!("{t:.2}")), ..animation.options.clone() };
        pictures.push(render(size, |pen| {
            frame.draw_grid(pen)?;
            if let Some(target) = animation.target {
                draw_points(&frame, pen, target, TARGET)?;
            }
            draw_points(&frame, pen, points, palette(0))?;
            frame.draw(pen, &options, &[])
        })?);
    }
    let colors = Colors::of(&pictures);
    let (width, height) = (size.0 as u16, size.1 as u16);
    write_atomically(path, |out| {
        let mut encoder = gif::Encoder::new(out, width, height, &colors.palette).map_err(std::io::Error::other)?;
        encoder.set_repeat(gif::Repeat::Infinite).map_err(std::io::Error::other)?;
        for (i, picture) in pictures.iter().enumerate() {
            let delay = if i + 1 == pictures.len() { hold } else { delay };
            let frame =
                gif::Frame { width, height, delay, buffer: colors.indices(picture).into(), ..gif::Frame::default() };
            encoder.write_frame(&frame).map_err(std::io::Error::other)?;
        }
        Ok(())
    })
}

fn check_times(animation: &Animation, frames: usize) -> Result<Vec<f64>> {
    let Some(times) = &animation.times else {
        return Ok((0..frames).map(|i| i as f64 / (frames - 1) as f64).collect());
    };
    if times.len() == frames {
        return Ok(times.clone());
    }
    Err(Error::Shape {
        operation: "drawing an animation",
        what: "`times`".to_owned(),
        got: format!("[{}]", times.len()),
        expected: format!("[{frames}], one a frame"),
        help: "leave the times out if they run evenly from 0 to 1".to_owned(),
    })
}

/// The unit of time in a GIF. Viewers slow down what is faster than 50 frames a second.
fn hundredths(what: &str, seconds: f64) -> Result<u16> {
    if seconds > 0.0 && seconds < 655.0 {
        return Ok(((100.0 * seconds).round() as u16).max(2));
    }
    Err(Error::Invalid {
        operation: "drawing an animation",
        what: what.to_owned(),
        got: format!("{seconds} seconds"),
        expected: "more than 0 and less than 655 seconds a frame".to_owned(),
        help: "20 frames a second and a hold of 1.5 seconds are usual".to_owned(),
    })
}

/// The palette of all frames: the most frequent colours of a coarse cube, and the nearest of them for the others.
struct Colors {
    /// Red, green and blue of each entry.
    palette: Vec<u8>,
    index: BTreeMap<[u8; 3], u8>,
}

impl Colors {
    fn of(pictures: &[Picture]) -> Self {
        let mut counts: BTreeMap<[u8; 3], u64> = BTreeMap::new();
        for picture in pictures {
            for pixel in picture.pixels.as_chunks::<3>().0 {
                *counts.entry(coarse(*pixel)).or_default() += 1;
            }
        }
        let mut colors: Vec<([u8; 3], u64)> = counts.into_iter().collect();
        colors.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let kept: Vec<[u8; 3]> = colors.iter().take(256).map(|&(color, _)| color).collect();
        let nearest = |color: &[u8; 3]| {
            let distance = |other: &[u8; 3]| -> u32 {
                color.iter().zip(other).map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum()
            };
            (0..=255).zip(&kept).min_by_key(|(_, other)| distance(other)).map_or(0, |(i, _)| i)
        };
        let index = colors.iter().map(|(color, _)| (*color, nearest(color))).collect();
        Self { palette: kept.concat(), index }
    }

    fn indices(&self, picture: &Picture) -> Vec<u8> {
        let pixels = picture.pixels.as_chunks::<3>().0.iter();
        pixels.map(|pixel| self.index.get(&coarse(*pixel)).copied().unwrap_or(0)).collect()
    }
}

/// Sixteen levels a channel, with white and black among them: smooth to the eye, and long runs for the compression.
fn coarse(pixel: [u8; 3]) -> [u8; 3] {
    pixel.map(|value| (u16::from(value) * 15 + 127).div_euclid(255) as u8 * 17)
}
