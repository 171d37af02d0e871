//! The constants of the functions, for each number type.
//!
//! Polynomials begin with the constant term. They were fitted by the exchange algorithm of Remez in arithmetic of 50
//! digits; each coefficient was rounded to the type in turn and the ones after it fitted again. The error beside each is the
//! largest relative error of the function that it stands for, after rounding. Those of the sine were then moved by a random
//! search for the smallest error of the rounded evaluation in which no result exceeds 1, and those of `erfc` in `f32` to the
//! numbers of the type beside them.

/// In the middle of the interval Horner's rule loses least; near 1/2 this is where `Q` is almost a number of both types.
pub(super) const ERFC_CENTRE: f64 = 509.0 / 1024.0;

/// Constants of one number type.
pub(crate) struct Table<E: 'static> {
    /// `1.5 · 2^p` with `p` the bits of the mantissa: a sum with it is rounded to a whole number, in its lowest bits.
    pub round: E,
    /// The bias of the exponent.
    pub bias: E,
    /// `ln 2` in two words; products of the first with an exponent are exact.
    pub ln2: [E; 2],
    /// `pi` in three words.
    pub pi: [E; 3],
    /// `e^x` rounds to 0 below.
    pub exp_low: E,
    /// `e^x` is infinite from here; `x / ln 2` still rounds to the largest exponent plus 1.
    pub exp_high: E,
    /// `e^x - 1` rounds to -1 below.
    pub exp_m1_low: E,
    /// The logistic function rounds to 1 above, and `e^-x` is a normal number.
    pub sigmoid_high: E,
    /// `|x|` up to which `sin` and `cos` are computed without the library.
    pub sin_bound: E,
    /// `erfc x` rounds to 0 above.
    pub erfc_high: E,
    /// `k`, where `erfc` is a polynomial in `t = k / (k + x)`.
    pub erfc_pole: E,
    /// `d ln(t Q(t)) / d ln t` of `erfc`, nearly, as `c[0] + c[1] t`, divided by `k`.
    pub erfc_slope: [E; 2],
    /// `(e^r - 1 - r) / r²` on `|r| <= ln 2`, fitted for the relative error of `e^r`.
    pub exp_wide: &'static [E],
    /// `e^-r` on `|r| <= ln(2) / 2`; the first two coefficients are set.
    pub exp_of_minus: &'static [E],
    /// `(e^r - 1 - r) / r²` on `|r| <= ln(2) / 2`, fitted for the relative error of `e^r - 1`.
    pub exp_m1: &'static [E],
    /// `(sin r - r) / r³` in `r²` on `|r| <= 1.6`.
    pub sin: &'static [E],
    /// `(2 artanh(s) - 2 s) / s³` in `s²` on `[0, 1/3]`.
    pub artanh: &'static [E],
    /// `erf(x) / x - 1` in `x²` on `[0, 1]`.
    pub erf: &'static [E],
    /// `Q` in `t - ERFC_CENTRE` on all of `[0, erfc_high]`, where `erfc x = e^(-x²) t Q(t)`.
    pub erfc: &'static [E],
}

pub(super) const F32: Table<f32> = Table {
    round: 12_582_912.0,
    bias: 127.0,
    ln2: [0.693145751953125, 1.4286068203094173e-06],
    pi: [3.1415927410125732, -8.742277657347586e-08, -3.4302490200117637e-15],
    exp_low: -104.5,
    exp_high: 89.0,
    exp_m1_low: -18.0,
    sigmoid_high: 80.0,
    sin_bound: 131_072.0,
    erfc_high: 10.1,
    erfc_pole: 2.0,
    erfc_slope: [0.45, 0.7],
    // Error 2^-26.0.
    exp_wide: &[
        0.5000003576278687,
        0.1666661649942398,
        0.04166116937994957,
        0.008335908874869347,
        0.0014106163289397955,
        0.0001964392577065155,
    ],
    // Error 2^-28.2.
    exp_of_minus: &[
        1.0,
        -1.0,
        0.4999999403953552,
        -0.16666516661643982,
        0.04166810214519501,
        -0.008369211107492447,
        0.0013839270686730742,
    ],
    // Error 2^-26.1.
    exp_m1: &[0.4999999701976776, 0.16666539013385773, 0.04166775569319725, 0.00836711935698986, 0.0013835798017680645],
    // Error 2^-26.1.
    sin: &[-0.1666666, 0.00833304, -0.0001980685, 2.5987677e-6],
    // Error 2^-27.6.
    artanh: &[0.666664183139801, 0.40021437406539917, 0.2800237536430359, 0.28013214468955994],
    // Error 2^-29.4.
    erf: &[
        0.12837916612625122,
        -0.3761262595653534,
        0.11283578723669052,
        -0.026853347197175026,
        0.005187162198126316,
        -0.0007997853099368513,
        7.806906069163233e-05,
    ],
    // Error 2^-27.2.
    erfc: &[
        0.5087829828262329,
        0.6838893890380859,
        0.557653546333313,
        0.1477748602628708,
        -0.17051571607589722,
        -0.10533145815134048,
        0.09688860177993774,
        0.05505640432238579,
        -0.07545071095228195,
        -0.013256187550723553,
        0.03562900796532631,
    ],
};

// The parts of a constant that is split are no approximations of it.
#[allow(clippy::approx_constant)]
pub(super) const F64: Table<f64> = Table {
    round: 6_755_399_441_055_744.0,
    bias: 1023.0,
    ln2: [0.6931471805592082, 7.371002565167799e-13],
    pi: [3.141592653589793, 1.2246467991473532e-16, -2.9947698097183397e-33],
    exp_low: -746.0,
    exp_high: 709.9,
    exp_m1_low: -38.0,
    sigmoid_high: 700.0,
    sin_bound: 268_435_456.0,
    erfc_high: 27.3,
    erfc_pole: 4.0,
    erfc_slope: [0.1125, 0.9],
    // Error 2^-60.8.
    exp_wide: &[
        0.5,
        0.1666666666666664,
        0.041666666666666456,
        0.008333333333341004,
        0.0013888888888941879,
        0.00019841269833141925,
        2.4801587255446717e-05,
        2.755732335424783e-06,
        2.7557337504797244e-07,
        2.505101642891684e-08,
        2.0873306235656273e-09,
        1.620409570614595e-10,
        1.1744784875655896e-11,
    ],
    // Error 2^-57.9.
    exp_of_minus: &[
        1.0,
        -1.0,
        0.5000000000000011,
        -0.16666666666666438,
        0.04166666666652582,
        -0.008333333333473815,
        0.001388888894483988,
        -0.00019841269559842144,
        2.48014917935949e-05,
        -2.755753180977641e-06,
        2.763072551232897e-07,
        -2.501929921762297e-08,
    ],
    // Error 2^-59.9.
    exp_m1: &[
        0.5,
        0.16666666666666677,
        0.04166666666666651,
        0.008333333333321693,
        0.0013888888888962073,
        0.000198412698859594,
        2.480158717308583e-05,
        2.75572443807189e-06,
        2.755740220066936e-07,
        2.5108976651414002e-08,
        2.087546032044183e-09,
    ],
    // Error 2^-55.4.
    sin: &[
        -0.16666666666666669,
        0.0083333333333332,
        -0.00019841269841205123,
        2.755731921011498e-6,
        -2.5052106752486857e-8,
        1.6058932690323356e-10,
        -7.642789787635664e-13,
        2.7188469004762773e-15,
    ],
    // Error 2^-59.4.
    artanh: &[
        0.6666666666666631,
        0.4000000000015594,
        0.2857142854800508,
        0.2222222396115058,
        0.18181744198995192,
        0.15386554659607155,
        0.13301035698412006,
        0.12105644776143104,
        0.08341838641662992,
        0.17015662492331848,
    ],
    // Error 2^-56.3.
    erf: &[
        0.1283791670955126,
        -0.3761263890318375,
        0.11283791670954856,
        -0.026866170645072688,
        0.005223977624779241,
        -0.0008548326978662336,
        0.00012055331034335522,
        -1.4925593451579442e-05,
        1.646097200949806e-06,
        -1.635001735181554e-07,
        1.4657830791991448e-08,
        -1.1365489224637342e-09,
        5.944981679642541e-11,
    ],
    // Error 2^-54.3.
    erfc: &[
        0.2725750333481711,
        0.4837715653138533,
        0.7637693106350333,
        1.0663178658304484,
        1.3031710452265564,
        1.370756744152216,
        1.2048928220664197,
        0.8346850841187811,
        0.3901787022797057,
        0.039332943251808035,
        -0.11357834414097609,
        -0.09037218325414154,
        -0.005180103423266661,
        0.0378360471911085,
        0.019741135103470447,
        -0.011085561942717898,
        -0.014043039007209913,
        0.0024430296488328613,
        0.00823802300789631,
        -0.001128929582562925,
        -0.003727449927040024,
        0.0015642149570913755,
        -5.6129676546953325e-05,
    ],
};
