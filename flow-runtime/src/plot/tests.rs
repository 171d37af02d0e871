//! Pictures are decoded again: their size, their pixels, and what is refused before anything is written.

use std::{fs, path::Path};

use super::*;
use crate::{
    data::{splitmix, two_moons},
    error::Error,
};

fn decode(path: &Path) -> image::RgbImage {
    image::ImageReader::open(path).unwrap().with_guessed_format().unwrap().decode().unwrap().into_rgb8()
}

/// Share of the pixels that are blue, as the first series is, and red, as the second one.
fn shares(picture: &image::RgbImage) -> (f64, f64) {
    let count = |test: fn(i32) -> bool| {
        picture.pixels().filter(|pixel| test(i32::from(pixel.0[0]) - i32::from(pixel.0[2]))).count() as f64
    };
    let all = f64::from(picture.width() * picture.height());
    (count(|warmth| warmth < -60) / all, count(|warmth| warmth > 60) / all)
}

#[test]
fn a_scatter_has_the_asked_size_and_both_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let (a, b) = (two_moons(400, 0.05, 1).unwrap(), two_moons(400, 0.3, 2).unwrap());
    let series = [Series::new("a", &a), Series::new("b", &b)];
    let options = Options { size: Some((500, 400)), ..Options::titled("Moons") };
    scatter(&path, &series, &options).unwrap();
    let picture = decode(&path);
    assert_eq!(picture.dimensions(), (500, 400));
    let (blue, red) = shares(&picture);
    assert!(blue > 0.002 && red > 0.002 && blue + red < 0.2, "{blue} {red}");
    // The same input draws the same bytes.
    let first = fs::read(&path).unwrap();
    scatter(&path, &series, &options).unwrap();
    assert!(fs::read(&path).unwrap() == first, "two pictures of the same differ");
    // Two moons are wider than high, and so is the picture if no size is asked for.
    scatter(&path, &series[..1], &Options::default()).unwrap();
    let (width, height) = decode(&path).dimensions();
    assert!(width == 640 && height < 560, "{width} {height}");
}

#[test]
fn points_land_where_they_belong_and_outliers_do_not_squeeze_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let options = Options {
        size: Some((400, 400)),
        x_range: Some((-1.0, 1.0)),
        y_range: Some((-1.0, 1.0)),
        ..Options::default()
    };
    scatter(&path, &[Series::new("", &[[0.0_f32, 0.0], [50.0, 0.0], [f32::MAX, f32::MIN]])], &options).unwrap();
    let picture = decode(&path);
    let blue = |x: u32, y: u32| picture.get_pixel(x, y).0[0] < 120 && picture.get_pixel(x, y).0[2] > 140;
    let hits: Vec<(u32, u32)> =
        (0..400).flat_map(|y| (0..400).map(move |x| (x, y))).filter(|&(x, y)| blue(x, y)).collect();
    let (sx, sy) = hits.iter().fold((0.0, 0.0), |(sx, sy), &(x, y)| (sx + f64::from(x), sy + f64::from(y)));
    let (cx, cy) = (sx / hits.len() as f64, sy / hits.len() as f64);
    // One dot, and in the middle of the frame, which equal scales have made square.
    assert!((5..80).contains(&hits.len()), "{}", hits.len());
    let axis = axes::Axis { low: -1.0, high: 1.0, log: false };
    let frame = frame::Frame::new((400, 400), &options, &[], axis, axis).with_equal_scales(&options);
    let (x, y) = frame.at(0.0, 0.0);
    assert!((cx + 0.5 - x).abs() < 1.0 && (cy + 0.5 - y).abs() < 1.0, "({cx}, {cy}) instead of ({x}, {y})");
    assert!(((frame.right - frame.left) - (frame.bottom - frame.top)).abs() < 1e-9);
}

#[test]
fn curves_and_paths_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let losses: Vec<f32> = (0..500_u16).map(|i| (-f32::from(i) / 100.0).exp() + 0.01).collect();
    for n in [1, 2, 500] {
        loss_curve(&path, &losses[..n], &Options::default()).unwrap();
        assert_eq!(decode(&path).dimensions(), (760, 460));
    }
    assert!(shares(&decode(&path)).0 > 0.001);
    // A loss of 0 or below makes the axis linear instead of failing.
    loss_curve(&path, &[1.0, 0.0, -1.0], &Options::default()).unwrap();
    let points: Vec<(f64, f64)> = (1..6).map(|k| 0.5_f64.powi(k)).map(|h| (h, h.powi(2))).collect();
    convergence(&path, &[Errors { name: "Heun2", points: &points }], &[2], &Options::titled("Errors")).unwrap();
    assert!(shares(&decode(&path)).0 > 0.001);
    convergence(&path, &[Errors { name: "one", points: &points[..1] }], &[1, 9], &Options::default()).unwrap();
    let frames: Vec<Vec<[f32; 2]>> = (0..4_u8).map(|k| vec![[f32::from(k), 0.0], [0.0, f32::from(k)]]).collect();
    trajectories(&path, &frames, &Options { size: Some((300, 300)), ..Options::default() }).unwrap();
    assert_eq!(decode(&path).dimensions(), (300, 300));
}

#[test]
fn powers_are_straight_lines_on_logarithmic_axes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let points = [(1000.0, 1e6), (1.0, 1.0), (10.0, 100.0)];
    let level = [(1.0, 30.0), (1000.0, 30.0)];
    let options = Options { x_range: Some((0.5, 2e3)), y_range: Some((0.5, 2e6)), ..Options::default() };
    log_log(&path, &[Curve::new("", &points), Curve::reference("", &level)], &options).unwrap();
    let picture = decode(&path);
    let axis = |low, high| axes::Axis { low, high, log: true };
    let legend = ["", ""].map(|name| frame::Entry { name: name.to_owned(), color: [0; 3], mark: frame::Mark::Line });
    let frame = frame::Frame::new(picture.dimensions(), &options, &legend, axis(0.5, 2e3), axis(0.5, 2e6));
    // The square between two of its points lies on the line; a dashed line has gaps.
    let blue = |x: f64, y: f64| {
        let (x, y) = frame.at(x, y);
        let pixel = picture.get_pixel(x.round() as u32, y.round() as u32).0;
        pixel[0] < 120 && pixel[2] > 140
    };
    assert!([1.0, 3.0, 10.0, 100.0, 400.0, 1000.0].into_iter().all(|x| blue(x, x * x)));
    assert!(!blue(3.0, 30.0) && !blue(100.0, 1000.0));
    let (from, to) = (frame.at(1.0, 30.0), frame.at(1000.0, 30.0));
    let dark = (from.0 as u32 + 1..to.0 as u32).map(|x| picture.get_pixel(x, from.1.round() as u32).0[1] < 200);
    let share = dark.clone().filter(|dark| *dark).count() as f64 / dark.count() as f64;
    assert!((0.5..0.8).contains(&share), "{share}");
}

#[test]
fn image_grids_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    // Three images of 2 by 2 in two columns; values beyond the range are drawn as its ends.
    let images = [[-1.0_f32, 1.0, 0.0, 5.0], [1.0, 1.0, 1.0, 1.0], [-9.0, -1.0, -1.0, 0.5]];
    let grid = ImageGrid { zoom: 40, ..ImageGrid::new(2, 2, 2) };
    image_grid(&path, &images, &grid).unwrap();
    let picture = decode(&path);
    assert_eq!(picture.dimensions(), (10 + 80 + 4 + 80 + 10, 10 + 80 + 4 + 80 + 10));
    let (gray, corners) = (|value: u8| [value; 3], [(10, 10), (94, 10), (10, 94)]);
    let shades = [[255, 0, 127, 0], [0; 4], [255, 255, 255, 64]];
    for ((left, top), shades) in corners.into_iter().zip(shades) {
        for (k, shade) in shades.into_iter().enumerate() {
            let (x, y) = (left + 40 * (k as u32 % 2), top + 40 * (k as u32 / 2));
            for (dx, dy) in [(0, 0), (39, 0), (0, 39), (39, 39), (20, 20)] {
                assert_eq!(picture.get_pixel(x + dx, y + dy).0, gray(shade), "({x}, {y}) + ({dx}, {dy})");
            }
        }
    }
    let labelled = ImageGrid {
        title: "A title that is wider than the images".to_owned(),
        column_labels: vec!["a".to_owned(), "b".to_owned()],
        row_labels: vec!["first".to_owned(), "second".to_owned()],
        ..ImageGrid::new(2, 2, 2)
    };
    image_grid(&path, &images, &labelled).unwrap();
    assert!(decode(&path).width() > 280);
    for (grid, part) in [
        (ImageGrid::new(3, 2, 2), "[2 * 3]"),
        (ImageGrid::new(0, 0, 2), "[0 * 0]"),
        (ImageGrid::new(usize::MAX, 2, 2), "shape"),
        (ImageGrid::new(2, 2, 0), "`columns`"),
        (ImageGrid { zoom: 5000, ..ImageGrid::new(2, 2, 2) }, "smaller zoom"),
        (ImageGrid { row_labels: vec![String::new()], ..ImageGrid::new(2, 2, 2) }, "none or 2"),
        (ImageGrid { range: (1.0, 1.0), ..ImageGrid::new(2, 2, 2) }, "`range`"),
        (ImageGrid { range: (f32::NAN, 1.0), ..ImageGrid::new(2, 2, 2) }, "`range`"),
        (ImageGrid::new(2, 2, usize::MAX), "smaller zoom"),
    ] {
        let error = image_grid(&path, &images, &grid).unwrap_err().to_string();
        assert!(error.contains(part), "{part} is not in {error}");
    }
}

#[test]
fn an_animation_loops_holds_and_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gif");
    let moons = two_moons(2000, 0.05, 1).unwrap();
    let frame = |t: f32| -> Vec<[f32; 2]> {
        let noise = |i: usize| splitmix::normal(3, i as u64) as f32;
        let moons = moons.as_rows::<2>().unwrap().iter().enumerate();
        moons.map(|(i, [x, y])| [t * x + (1.0 - t) * noise(2 * i), t * y + (1.0 - t) * noise(2 * i + 1)]).collect()
    };
    let frames: Vec<_> = (0..60_u8).map(|k| frame(f32::from(k) / 59.0)).collect();
    let options = Options { size: Some((440, 440)), ..Options::titled("t = {t}") };
    let look = Animation { options, target: Some((&moons).into()), ..Animation::default() };
    animation(&path, &frames, &look).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.len() < 2_000_000, "{} bytes", bytes.len());
    let mut decoder = gif::DecodeOptions::new().read_info(&bytes[..]).unwrap();
    assert_eq!((decoder.width(), decoder.height()), (440, 440));
    assert!(decoder.global_palette().unwrap().len() <= 3 * 256);
    let mut delays = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        delays.push(frame.delay);
    }
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    assert_eq!((delays.len(), delays[0], delays[59]), (60, 5, 150));
}

#[test]
fn animations_refuse_what_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gif");
    let frames = vec![vec![[0.0_f32, 0.0]], vec![[1.0, 1.0]]];
    for look in [
        Animation { rate: 0.0, ..Animation::default() },
        Animation { rate: f64::NAN, ..Animation::default() },
        Animation { hold: -1.0, ..Animation::default() },
        Animation { hold: 1e9, ..Animation::default() },
        Animation { times: Some(vec![0.0]), ..Animation::default() },
        Animation { options: Options { size: Some((4000, 10)), ..Options::default() }, ..Animation::default() },
    ] {
        assert!(animation(&path, &frames, &look).is_err(), "{look:?}");
    }
    let many: Vec<_> = (0..200).map(|_| &frames[0]).collect();
    let large =
        Animation { options: Options { size: Some((2000, 2000)), ..Options::default() }, ..Animation::default() };
    let error = animation(&path, many, &large).unwrap_err().to_string();
    assert!(error.contains("200 frames of 2000 by 2000"), "{error}");
    assert!(!path.exists());
    animation(&path, &frames, &Animation { rate: 1e9, ..Animation::default() }).unwrap();
}

#[test]
fn bad_input_is_named_and_the_old_picture_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    fs::write(&path, "old").unwrap();
    let good = [[0.0_f32, 1.0], [1.0, 0.0]];
    let bad = [[0.0_f32, 1.0], [1.0, f32::NAN]];
    let empty: [[f32; 2]; 0] = [];
    let options = Options::default();
    let sized = |size| Options { size: Some(size), ..Options::default() };
    let points = [(0.1, 0.2)];
    let results = [
        scatter(&path, &[], &options),
        scatter(&path, &[Series::new("none", &empty)], &options),
        scatter(&path, &[Series::new("good", &good), Series::new("bad", &bad)], &options),
        scatter(&path, &[Series::new("line", &[[1.0_f32]])], &options),
        scatter(&path, &[Series::new("good", &good)], &sized((0, 0))),
        scatter(&path, &[Series::new("good", &good)], &sized((u32::MAX, 640))),
        scatter(&path, &[Series::new("", &good)], &Options { x_range: Some((1.0, f64::NAN)), ..Options::default() }),
        trajectories(&path, [&good], &options),
        trajectories(&path, [&good[..], &good[..1]], &options),
        trajectories(&path, [&good, &bad], &options),
        loss_curve(&path, &[], &options),
        loss_curve(&path, &[1.0, f32::NAN], &options),
        convergence(&path, &[], &[1], &options),
        convergence(&path, &[Errors { name: "zero", points: &[(0.1, 0.0)] }], &[1], &options),
        convergence(&path, &[Errors { name: "nan", points: &[(f64::NAN, 1.0)] }], &[1], &options),
        convergence(&path, &[Errors { name: "ok", points: &points }], &[1], &sized((5000, 5000))),
        log_log(&path, &[], &options),
        log_log(&path, &[Curve::new("none", &[])], &options),
        log_log(&path, &[Curve::new("zero", &[(0.0, 1.0)])], &options),
        log_log(&path, &[Curve::new("ok", &points), Curve::reference("inf", &[(1.0, f64::INFINITY)])], &options),
        image_grid(&path, &empty, &ImageGrid::new(2, 1, 1)),
        image_grid(&path, &bad, &ImageGrid::new(2, 1, 1)),
    ];
    for (i, result) in results.into_iter().enumerate() {
        let error = result.expect_err(&i.to_string());
        assert!(matches!(error, Error::Invalid { .. } | Error::Shape { .. } | Error::NotFinite { .. }), "{i}: {error}");
        assert!(!error.to_string().contains("bug"), "{i}: {error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let text = loss_curve(&path, &[1.0, f32::NAN], &options).unwrap_err().to_string();
    assert!(text.contains("NaN") && text.contains("step 2"), "{text}");
    let nowhere = scatter(folder.path().join("no/a.png"), &[Series::new("", &good)], &options);
    assert!(matches!(nowhere, Err(Error::Io { .. })));
    let text = scatter(&path, &[Series::new("bad", &bad)], &options).unwrap_err().to_string();
    assert!(text.contains("`bad`") && text.contains("row 1, column 1"), "{text}");
}

#[test]
fn extreme_numbers_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    for rows in [
        vec![[f32::MAX, f32::MIN], [f32::MIN, f32::MAX]],
        vec![[0.0, 0.0]],
        vec![[1e-38, 1e-38], [2e-38, 2e-38]],
        vec![[1e7, 1e7], [1e7 + 1.0, 1e7]],
        vec![[0.0, 0.0], [1e30, 1e-30]],
    ] {
        scatter(&path, &[Series::new("", &rows)], &Options::default()).unwrap();
        trajectories(&path, [&rows, &rows], &Options::default()).unwrap();
    }
    loss_curve(&path, &[f32::MIN_POSITIVE, f32::MAX, 1e-45], &Options::default()).unwrap();
    convergence(&path, &[Errors { name: "", points: &[(1e-300, 1e300), (1e300, 1e-300)] }], &[1], &Options::default())
        .unwrap();
}
