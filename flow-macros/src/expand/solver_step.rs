//! Writes the steps of a `solver`, unrolled from its tableau.

use super::{Context, solver::float};
use crate::ir;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The implementations of `Method` and, with a row of `b_hat`, of `Embedded`.
pub(crate) fn expand_methods(solver: &ir::Solver, cx: &Context) -> TokenStream {
    let (name, tableau) = (&solver.head.name, &solver.tableau);
    let krate = cx.krate;
    let private = quote!(#krate::__private);
    let writer = Writer { tableau, private: &private };
    // An implicit step needs room for a stage state beside the stages; an explicit one builds it where the result goes.
    let room = tableau.stages() + usize::from(tableau.kind != ir::Kind::Explicit);
    let step = writer.step();
    let embedded = tableau.embedded.as_ref().map(|embedded| {
        let step = writer.step_embedded(embedded);
        quote! {
            #[automatically_derived]
            #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
            impl #private::Embedded for #name {
                fn step_embedded<S: #private::State, F: #private::VectorField<S>>(
                    __flow_field: &mut F,
                    __flow_t0: S::Scalar,
                    __flow_t1: S::Scalar,
                    __flow_x: &S,
                    __flow_reuse: ::core::primitive::bool,
                    __flow_work: &mut Self::Work<S>,
                    __flow_out: &mut S,
                    __flow_error: &mut S,
                ) -> #private::Result<()> {
                    #step
                }
            }
        }
    });
    quote! {
        #[automatically_derived]
        #[allow(unused_variables, unused_mut, clippy::all, clippy::pedantic)]
        impl #private::Method for #name {
            const TABLEAU: &'static #private::Tableau = &#name::TABLEAU;
            type Work<S: #private::State> = [S; #room];

            fn work<S: #private::State>(__flow_like: &S) -> Self::Work<S> {
                ::core::array::from_fn(|_| ::core::clone::Clone::clone(__flow_like))
            }

            #[inline]
            fn step<S: #private::State, F: #private::VectorField<S>>(
                __flow_field: &mut F,
                __flow_t0: S::Scalar,
                __flow_t1: S::Scalar,
                __flow_x: &S,
                __flow_work: &mut Self::Work<S>,
                __flow_out: &mut S,
            ) -> #private::Result<()> {
                #step
            }
        }
        #embedded
    }
}

struct Writer<'a> {
    tableau: &'a ir::Tableau,
    private: &'a TokenStream,
}

impl Writer<'_> {
    /// ```text
    /// let [k1, k2] = work;
    /// let h = t1 − t0;
    /// field.evaluate(t0, x, k1)?;
    /// x.combine_into([(h · 0.5, &*k1)], out)?;
    /// field.evaluate(t0 + h · 0.5, out, k2)?;
    /// x.combine_into([(h, &*k2)], out)
    /// ```
    fn step(&self) -> TokenStream {
        if self.tableau.kind != ir::Kind::Explicit {
            return self.implicit_step();
        }
        let needed = self.needed(&[&self.tableau.b]);
        let start = self.start();
        let stages = (0..self.tableau.stages()).filter(|i| needed[*i]).map(|i| self.stage(i));
        let result = self.combine(&self.tableau.b);
        quote! {
            #start
            #(#stages)*
            #result;
            ::core::result::Result::Ok(())
        }
    }

    fn step_embedded(&self, embedded: &ir::EmbeddedWeights) -> TokenStream {
        let error = self.sum(&embedded.b_err);
        if self.tableau.kind != ir::Kind::Explicit {
            let step = self.implicit_step();
            let (names, h) = (self.names(), self.step_size());
            return quote! {
                #step?;
                let [#(#names,)* _] = __flow_work;
                #h
                #error
            };
        }
        let stages = self.tableau.stages();
        let fsal = self.tableau.fsal;
        let mut needed = self.needed(&[&self.tableau.b, &embedded.b_hat]);
        let start = self.start();
        // The last stage's state is the result, which comes first and stays where it is.
        needed[stages - 1] &= !fsal;
        let first = self.stage(0);
        let (first_name, last_name) = (self.name(0), self.name(stages - 1));
        let first = if fsal {
            quote! {
                if __flow_reuse { ::core::mem::swap(#first_name, #last_name); } else { #first }
            }
        } else if needed[0] {
            first
        } else {
            TokenStream::new()
        };
        let middle = (1..stages).filter(|i| needed[*i]).map(|i| self.stage(i));
        let result = self.combine(&self.tableau.b);
        let last = fsal.then(|| self.evaluate(stages - 1, &quote!(&*__flow_out)));
        quote! {
            #start
            #first
            #(#middle)*
            #result;
            #last
            #error
        }
    }

    /// Solves for the stages, by Newton's method.
    fn implicit_step(&self) -> TokenStream {
        let private = self.private;
        let stages = Literal::usize_unsuffixed(self.tableau.stages());
        quote! {
            #private::implicit_step::<S, F, #stages>(
                &Self::TABLEAU, __flow_field, __flow_t0, __flow_t1, __flow_x, __flow_work, __flow_out,
            )
        }
    }

    fn name(&self, stage: usize) -> Ident {
        format_ident!("__flow_k{}", stage + 1)
    }

    fn names(&self) -> Vec<Ident> {
        (0..self.tableau.stages()).map(|stage| self.name(stage)).collect()
    }

    fn start(&self) -> TokenStream {
        let (names, h) = (self.names(), self.step_size());
        quote! {
            let [#(#names),*] = __flow_work;
            #h
        }
    }

    /// In doubles, so that a coefficient times the step is rounded once whatever the scalar is.
    fn step_size(&self) -> TokenStream {
        let private = self.private;
        quote! {
            let __flow_h: ::core::primitive::f64 =
                #private::Real::to_f64(__flow_t1) - #private::Real::to_f64(__flow_t0);
        }
    }

    /// Which stages the weights need, by themselves or through other stages.
    fn needed(&self, weights: &[&[f64]]) -> Vec<bool> {
        let mut needed: Vec<_> =
            (0..self.tableau.stages()).map(|i| weights.iter().any(|weights| weights[i] != 0.0)).collect();
        for i in (0..needed.len()).rev().filter(|i| needed[*i]).collect::<Vec<_>>() {
            self.need(i, &mut needed);
        }
        needed
    }

    fn need(&self, stage: usize, needed: &mut [bool]) {
        needed[stage] = true;
        for j in (0..stage).filter(|j| self.tableau.a[stage][*j] != 0.0) {
            if !needed[j] {
                self.need(j, needed);
            }
        }
    }

    /// One stage, its state in `out`; a row of zeros needs none.
    fn stage(&self, stage: usize) -> TokenStream {
        let row = &self.tableau.a[stage];
        if row.iter().all(|entry| *entry == 0.0) {
            return self.evaluate(stage, &quote!(__flow_x));
        }
        let state = self.combine(row);
        let evaluate = self.evaluate(stage, &quote!(&*__flow_out));
        quote! {
            #state;
            #evaluate
        }
    }

    fn evaluate(&self, stage: usize, state: &TokenStream) -> TokenStream {
        let (private, name, c) = (self.private, self.name(stage), self.tableau.c[stage]);
        // Both ends exactly, whatever rounding t0 + (t1 − t0) makes.
        let time = if c == 0.0 {
            quote!(__flow_t0)
        } else if c == 1.0 {
            quote!(__flow_t1)
        } else {
            let c = float(c);
            quote!(#private::Real::from_f64(#private::Real::to_f64(__flow_t0) + #c * __flow_h))
        };
        quote! {
            #private::VectorField::<S>::evaluate(__flow_field, #time, #state, #name)?;
        }
    }

    /// `out = x + h Σ_i w_i k_i`
    fn combine(&self, weights: &[f64]) -> TokenStream {
        let (private, terms) = (self.private, self.terms(weights));
        quote!(#private::State::combine_into(__flow_x, [#(#terms),*], __flow_out)?)
    }

    /// `error = h Σ_i w_i k_i`
    fn sum(&self, weights: &[f64]) -> TokenStream {
        let (private, terms) = (self.private, self.terms(weights));
        quote!(#private::State::sum_into([#(#terms),*], __flow_error))
    }

    /// Zero weights are dropped, and a weight of one is no product.
    fn terms(&self, weights: &[f64]) -> Vec<TokenStream> {
        let private = self.private;
        let term = |(i, weight): (usize, &f64)| {
            let name = self.name(i);
            let factor = if *weight == 1.0 {
                quote!(__flow_h)
            } else if *weight == -1.0 {
                quote!(-__flow_h)
            } else {
                let weight = float(*weight);
                quote!(__flow_h * #weight)
            };
            quote!((#private::Real::from_f64(#factor), &*#name))
        };
        weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0).map(term).collect()
    }
}
