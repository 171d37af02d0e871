//! The numbers of the engine, `f32` and `f64`, one vector register at a time.
//!
//! Kernels are generic over [`Element`] and over pulp's `Simd`; [`pulp::Arch::dispatch`] picks the widest instruction
//! set of the machine when they run (AVX-512, AVX2 with FMA, NEON, scalar). Everything here is `#[inline(always)]`: what is
//! not inlined into a dispatched function loses the instruction set.

use pulp::{MemMask, Simd};

/// `f32` or `f64`, and the operations on a register full of them.
///
/// Operations are those of IEEE 754 with one rounding; `fma` is fused where the machine can, else product and sum.
pub(crate) trait Element: pulp::bytemuck::Pod + Default + PartialOrd + std::fmt::Debug + Send + Sync {
    /// A register.
    type V<S: Simd>: Copy;
    /// One flag for each lane.
    type M<S: Simd>: Copy;
    /// Flags for loading and storing a part.
    type Part<S: Simd>: Copy;

    fn from_f32(x: f32) -> Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn to_f32(self) -> f32;
    fn plus(self, other: Self) -> Self;
    /// Neither NaN nor infinite.
    fn finite(self) -> bool;
    /// The values themselves, if they are of this type.
    fn same(values: &[f32]) -> Option<&[Self]>;

    /// Numbers in a register.
    fn lanes<S: Simd>() -> usize;

    fn splat<S: Simd>(simd: S, x: Self) -> Self::V<S>;
    /// A register of the constant, rounded to the type.
    #[inline(always)]
    fn constant<S: Simd>(simd: S, x: f64) -> Self::V<S> {
        Self::splat(simd, Self::from_f64(x))
    }

    /// # Safety
    /// `lanes` values can be read at `from`, which need not be aligned to more than a value.
    unsafe fn load<S: Simd>(simd: S, from: *const Self) -> Self::V<S>;
    /// # Safety
    /// `lanes` values can be written at `to`.
    unsafe fn store<S: Simd>(simd: S, to: *mut Self, x: Self::V<S>);
    /// The first `count` lanes.
    fn part<S: Simd>(simd: S, count: usize) -> Self::Part<S>;
    /// The other lanes are zero.
    ///
    /// # Safety
    /// The values of the part can be read at `from`.
    unsafe fn load_part<S: Simd>(simd: S, part: Self::Part<S>, from: *const Self) -> Self::V<S>;
    /// # Safety
    /// The values of the part can be written at `to`.
    unsafe fn store_part<S: Simd>(simd: S, part: Self::Part<S>, to: *mut Self, x: Self::V<S>);

    fn add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn sub<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn mul<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn div<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `a · b + c`.
    fn fma<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// `a · b + c` with one rounding on every machine, at the price of a call where the machine cannot.
    fn fused<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    fn abs<S: Simd>(simd: S, a: Self::V<S>) -> Self::V<S>;
    fn neg<S: Simd>(simd: S, a: Self::V<S>) -> Self::V<S>;
    /// Which operand comes out of a comparison with NaN depends on the machine.
    fn max<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn min<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// `x`, not below `low`; NaN in `x` stays.
    #[inline(always)]
    fn at_least<S: Simd>(simd: S, x: Self::V<S>, low: Self) -> Self::V<S> {
        let low = Self::splat(simd, low);
        if S::IS_SCALAR {
            return Self::select(simd, Self::less(simd, x, low), low, x);
        }
        // x86 gives its second operand when one is NaN; the others give NaN.
        Self::max(simd, low, x)
    }
    /// `x`, not above `high`; NaN in `x` stays.
    #[inline(always)]
    fn at_most<S: Simd>(simd: S, x: Self::V<S>, high: Self) -> Self::V<S> {
        let high = Self::splat(simd, high);
        if S::IS_SCALAR {
            return Self::select(simd, Self::less(simd, high, x), high, x);
        }
        Self::min(simd, high, x)
    }
    /// `a < b`; false for NaN.
    fn less<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::M<S>;
    /// `a` where the flag is set, else `b`.
    fn select<S: Simd>(simd: S, mask: Self::M<S>, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// Whether a flag is set.
    fn any<S: Simd>(simd: S, mask: Self::M<S>) -> bool;
    /// The sum of the lanes, in an order that the instruction set fixes.
    fn sum<S: Simd>(simd: S, a: Self::V<S>) -> Self;

    // The representation as whole numbers, wrapping.
    fn bits_and<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn bits_or<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    fn bits_xor<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// The lowest bits moved to where the exponent begins; zeros come in.
    fn bits_to_exponent<S: Simd>(simd: S, a: Self::V<S>) -> Self::V<S>;
    /// The lowest bit moved to the sign; zeros come in.
    fn bits_to_sign<S: Simd>(simd: S, a: Self::V<S>) -> Self::V<S>;
}

macro_rules! element {
    (
        $t:ty, $bits:ty, $v:ident, $m:ident, $lanes:ident, $between:ident, $splat:ident, $splat_bits:ident,
        $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $fma:ident, $fused:ident, $abs:ident,
        $neg:ident, $max:ident, $min:ident, $less:ident, $select:ident, $sum:ident,
        $to_bits:ident, $of_bits:ident, $band:ident, $bor:ident, $bxor:ident, $shift:ident, $by:expr,
        $to_sign:expr
    ) => {
        impl Element for $t {
            type V<S: Simd> = S::$v;
            type M<S: Simd> = S::$m;
            type Part<S: Simd> = MemMask<S::$m>;

            #[inline(always)]
            fn from_f32(x: f32) -> Self {
                x as $t
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn same(values: &[f32]) -> Option<&[Self]> {
                pulp::bytemuck::try_cast_slice(values).ok().filter(|_| size_of::<$t>() == size_of::<f32>())
            }
            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$v {
                simd.$splat(x)
            }
            #[inline(always)]
            unsafe fn load<S: Simd>(_: S, from: *const Self) -> S::$v {
                // SAFETY: the caller's promise; a register is plain data of `lanes` values.
                unsafe { from.cast::<S::$v>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store<S: Simd>(_: S, to: *mut Self, x: S::$v) {
                // SAFETY: as above.
                unsafe { to.cast::<S::$v>().write_unaligned(x) }
            }
            #[inline(always)]
            fn part<S: Simd>(simd: S, count: usize) -> Self::Part<S> {
                simd.$between(0, count as $bits)
            }
            #[inline(always)]
            unsafe fn load_part<S: Simd>(simd: S, part: Self::Part<S>, from: *const Self) -> S::$v {
                // SAFETY: the caller's promise.
                unsafe { simd.$load(part, from) }
            }
            #[inline(always)]
            unsafe fn store_part<S: Simd>(simd: S, part: Self::Part<S>, to: *mut Self, x: S::$v) {
                // SAFETY: the caller's promise.
                unsafe { simd.$store(part, to, x) }
            }
            #[inline(always)]
            fn add<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sub<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn mul<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn div<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$div(a, b)
            }
            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn fused<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$fused(a, b, c)
            }
            #[inline(always)]
            fn abs<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$abs(a)
            }
            #[inline(always)]
            fn neg<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$neg(a)
            }
            #[inline(always)]
            fn max<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$max(a, b)
            }
            #[inline(always)]
            fn min<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$min(a, b)
            }
            #[inline(always)]
            fn less<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$m {
                simd.$less(a, b)
            }
            #[inline(always)]
            fn select<S: Simd>(simd: S, mask: S::$m, a: S::$v, b: S::$v) -> S::$v {
                simd.$select(mask, a, b)
            }
            #[inline(always)]
            fn any<S: Simd>(_: S, mask: S::$m) -> bool {
                pulp::bytemuck::bytes_of(&mask).iter().fold(0, |all, byte| all | byte) != 0
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$v) -> Self {
                simd.$sum(a)
            }
            #[inline(always)]
            fn bits_and<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$of_bits(simd.$band(simd.$to_bits(a), simd.$to_bits(b)))
            }
            #[inline(always)]
            fn bits_or<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$of_bits(simd.$bor(simd.$to_bits(a), simd.$to_bits(b)))
            }
            #[inline(always)]
            fn bits_xor<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$of_bits(simd.$bxor(simd.$to_bits(a), simd.$to_bits(b)))
            }
            #[inline(always)]
            fn bits_to_exponent<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$of_bits(simd.$shift(simd.$to_bits(a), simd.$splat_bits($by)))
            }
            #[inline(always)]
            fn bits_to_sign<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$of_bits(simd.$shift(simd.$to_bits(a), simd.$splat_bits($to_sign)))
            }
        }
    };
}

element! {
    f32, u32, f32s, m32s, F32_LANES, mask_between_m32s, splat_f32s, splat_u32s,
    mask_load_ptr_f32s, mask_store_ptr_f32s, add_f32s, sub_f32s, mul_f32s, div_f32s, mul_add_e_f32s, mul_add_f32s, abs_f32s,
    neg_f32s, max_f32s, min_f32s, less_than_f32s, select_f32s, reduce_sum_f32s,
    transmute_u32s_f32s, transmute_f32s_u32s, and_u32s, or_u32s, xor_u32s, wrapping_dyn_shl_u32s, 23, 31
}

// A product with a power of two is the shift that pulp does not have for 64 bits.
element! {
    f64, u64, f64s, m64s, F64_LANES, mask_between_m64s, splat_f64s, splat_u64s,
    mask_load_ptr_f64s, mask_store_ptr_f64s, add_f64s, sub_f64s, mul_f64s, div_f64s, mul_add_e_f64s, mul_add_f64s, abs_f64s,
    neg_f64s, max_f64s, min_f64s, less_than_f64s, select_f64s, reduce_sum_f64s,
    transmute_u64s_f64s, transmute_f64s_u64s, and_u64s, or_u64s, xor_u64s, mul_u64s, 1 << 52, 1 << 63
}
