/// The interpolation `x_t = alpha(t) x1 + sigma(t) x0`:
///
/// | | value | derivative |
/// |---|---|---|
/// | `alpha(t)` | `pow(t, n)` | `n * pow(t, n - 1)` |
/// | `sigma(t)` | `1 - pow(t, n)` | `-(n * pow(t, n - 1))` |
///
/// The derivatives are finite on `[0, 1]` with the default parameters; `new` refuses values with which they are not.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::fmt::Debug,
    ::core::cmp::PartialEq,
)]
pub struct Bent {
    /// Parameter `n`, by default 2.
    pub n: ::core::primitive::f64,
}
#[automatically_derived]
impl ::core::default::Default for Bent {
    fn default() -> Self {
        Self { n: 2.0 }
    }
}
impl Bent {
    /// The scheduler with these parameters.
    ///
    /// # Errors
    /// If with them the ends are not met, a value is not finite where the interval says so, or
    /// `alpha / sigma` does not grow.
    pub fn new(n: ::core::primitive::f64) -> ::flow_runtime::__private::Result<Self> {
        let __flow_scheduler = Self { n };
        ::flow_runtime::__private::Scheduler::check(&__flow_scheduler)
            .map(|()| __flow_scheduler)
    }
}
#[automatically_derived]
impl ::flow_runtime::__private::Scheduler for Bent {
    const INTERVAL: ::flow_runtime::__private::Interval = ::flow_runtime::__private::Interval {
        open_start: false,
        open_end: false,
    };
    fn alpha(&self, __flow_t: ::core::primitive::f64) -> ::core::primitive::f64 {
        ::flow_runtime::__private::math::pow(__flow_t, self.n)
    }
    fn sigma(&self, __flow_t: ::core::primitive::f64) -> ::core::primitive::f64 {
        1.0 - ::flow_runtime::__private::math::pow(__flow_t, self.n)
    }
    fn d_alpha(&self, __flow_t: ::core::primitive::f64) -> ::core::primitive::f64 {
        self.n * ::flow_runtime::__private::math::pow(__flow_t, self.n - 1.0)
    }
    fn d_sigma(&self, __flow_t: ::core::primitive::f64) -> ::core::primitive::f64 {
        -(self.n * ::flow_runtime::__private::math::pow(__flow_t, self.n - 1.0))
    }
    fn device_text(
        &self,
    ) -> ::core::option::Option<::flow_runtime::__private::DeviceText> {
        ::flow_runtime::__private::DeviceText::fill(
            [
                "pow(t, {0})",
                "1.0 - pow(t, {0})",
                "{0} * pow(t, {0} - 1.0)",
                "-({0} * pow(t, {0} - 1.0))",
            ],
            &[self.n],
        )
    }
}
