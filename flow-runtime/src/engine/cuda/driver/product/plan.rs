//! How one kind of product is computed.

use super::super::super::backend::{Matrix, Number, Product};
use cudarc::{
    cublaslt::sys::{self as lt, cublasStatus_t as Status},
    driver::sys::CUstream,
};
use std::ptr;

/// Algorithms that are tried, of those that cuBLASLt thinks best.
const CANDIDATES: usize = 8;

/// A matrix without its place: what an algorithm depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    rows: usize,
    columns: usize,
    stride: usize,
    /// The largest power of two, up to 256, that divides the address.
    alignment: u32,
    transposed: bool,
}

/// What a choice of algorithm holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    number: Number,
    a: Shape,
    b: Shape,
    out: Shape,
    /// Whether the output is added to.
    added: bool,
    /// Whether the algorithm may be chosen by timing.
    pub(super) repeatable: bool,
}

impl Key {
    /// # Errors
    /// What does not fit.
    pub(super) fn new(product: &Product) -> Result<Self, String> {
        let shape = |matrix: &Matrix, transposed| Shape {
            rows: matrix.rows,
            columns: matrix.columns,
            stride: matrix.stride,
            alignment: 1 << matrix.address.trailing_zeros().min(8),
            transposed,
        };
        let key = Self {
            number: product.number,
            a: shape(&product.a, product.a_transposed),
            b: shape(&product.b, product.b_transposed),
            out: shape(&product.out, false),
            added: product.beta != 0.0,
            repeatable: product.repeatable,
        };
        let (a, b) = (key.a.seen(), key.b.seen());
        let fits = a.1 == b.0 && (key.out.rows, key.out.columns) == (a.0, b.1);
        let strides = [key.a, key.b, key.out].iter().all(|shape| shape.stride >= shape.columns);
        if fits && strides { Ok(key) } else { Err(format!("a product whose shapes do not fit: {product:?}")) }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.out.rows == 0 || self.out.columns == 0
    }
}

impl Shape {
    /// Rows and columns as the product sees them.
    fn seen(&self) -> (usize, usize) {
        if self.transposed { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }
}

/// Descriptions for cuBLASLt of one kind of product, and algorithms for it.
pub(super) struct Plan {
    description: lt::cublasLtMatmulDesc_t,
    /// Of `b`, `a` and `out`, in this order.
    layouts: [lt::cublasLtMatrixLayout_t; 3],
    algorithms: Vec<lt::cublasLtMatmulAlgo_t>,
    workspace: usize,
}

impl Plan {
    /// # Errors
    /// What cuBLASLt says.
    pub(super) fn new(handle: lt::cublasLtHandle_t, key: &Key, workspace: usize) -> Result<Self, String> {
        let status = |what: &'static str| move |status: Status| format!("{what}: {status:?}");
        let mut plan =
            Self { description: ptr::null_mut(), layouts: [ptr::null_mut(); 3], algorithms: Vec::new(), workspace };
        // True products of f32: only `…_FAST_TF32` would round the operands.
        let (compute, scale) = (lt::cublasComputeType_t::CUBLAS_COMPUTE_32F, lt::cudaDataType_t::CUDA_R_32F);
        // SAFETY: the library is loaded; one handle is written.
        ok(unsafe { lt::cublasLtMatmulDescCreate(&mut plan.description, compute, scale) })
            .map_err(status("describing the product"))?;
        use lt::cublasLtMatmulDescAttributes_t::*;
        for (attribute, shape) in [(CUBLASLT_MATMUL_DESC_TRANSA, &key.b), (CUBLASLT_MATMUL_DESC_TRANSB, &key.a)] {
            // CUBLAS_OP_N and CUBLAS_OP_T.
            let operation = i32::from(shape.transposed);
            // SAFETY: the attribute is a number of 32 bits, which is copied.
            let result = unsafe {
                let value = ptr::from_ref(&operation).cast();
                lt::cublasLtMatmulDescSetAttribute(plan.description, attribute, value, size_of::<i32>())
            };
            ok(result).map_err(status("describing the operands"))?;
        }
        let number = match key.number {
            Number::F32 => lt::cudaDataType_t::CUDA_R_32F,
            Number::F16 => lt::cudaDataType_t::CUDA_R_16F,
            Number::Bf16 => lt::cudaDataType_t::CUDA_R_16BF,
        };
        let operands = [(&key.b, number), (&key.a, number), (&key.out, scale)];
        for (layout, (shape, number)) in plan.layouts.iter_mut().zip(operands) {
            // A row of ours is a column there.
            let (rows, columns) = (shape.columns as u64, shape.rows as u64);
            // A single row has no distance to the next, but the number must be valid.
            let stride = shape.stride.max(shape.columns).max(1) as i64;
            // SAFETY: one handle is written.
            ok(unsafe { lt::cublasLtMatrixLayoutCreate(layout, number, rows, columns, stride) })
                .map_err(status("describing a matrix"))?;
        }
        plan.algorithms = plan.ask(handle, key).map_err(status("looking for an algorithm"))?;
        if plan.algorithms.is_empty() {
            return Err("there is no algorithm".to_owned());
        }
        Ok(plan)
    }

    /// Algorithms, the best first.
    fn ask(&self, handle: lt::cublasLtHandle_t, key: &Key) -> Result<Vec<lt::cublasLtMatmulAlgo_t>, Status> {
        use lt::cublasLtMatmulPreferenceAttributes_t::*;
        let mut preference = Preference(ptr::null_mut());
        // SAFETY: one handle is written.
        ok(unsafe { lt::cublasLtMatmulPreferenceCreate(&mut preference.0) })?;
        let workspace = self.workspace as u64;
        // SAFETY: the attribute is a number of 64 bits, which is copied.
        ok(unsafe {
            let (attribute, value) = (CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, ptr::from_ref(&workspace).cast());
            lt::cublasLtMatmulPreferenceSetAttribute(preference.0, attribute, value, size_of::<u64>())
        })?;
        // Without these it takes every matrix for one that is aligned to 256 bytes.
        let alignments = [
            (CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.b.alignment),
            (CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.a.alignment),
            (CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.out.alignment),
            (CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.out.alignment),
        ];
        for (attribute, alignment) in alignments {
            // SAFETY: the attribute is a number of 32 bits, which is copied.
            ok(unsafe {
                let value = ptr::from_ref(&alignment).cast();
                lt::cublasLtMatmulPreferenceSetAttribute(preference.0, attribute, value, size_of::<u32>())
            })?;
        }
        let [b, a, out] = self.layouts;
        let mut found = [const { std::mem::MaybeUninit::<lt::cublasLtMatmulHeuristicResult_t>::zeroed() }; CANDIDATES];
        let mut count = 0;
        // SAFETY: every description is alive, and there is room for as many results as are asked for.
        ok(unsafe {
            lt::cublasLtMatmulAlgoGetHeuristic(
                handle,
                self.description,
                b,
                a,
                out,
                out,
                preference.0,
                CANDIDATES as i32,
                found.as_mut_ptr().cast(),
                &mut count,
            )
        })?;
        let count = usize::try_from(count).unwrap_or(0).min(CANDIDATES);
        // SAFETY: as many were written, and zero is a result of all the others too.
        let found = found[..count].iter().map(|result| unsafe { result.assume_init() });
        let valid = found.filter(|result| result.state == Status::CUBLAS_STATUS_SUCCESS);
        Ok(valid.filter(|result| result.workspaceSize <= self.workspace).map(|result| result.algo).collect())
    }

    pub(super) fn candidates(&self) -> usize {
        self.algorithms.len()
    }

    pub(super) fn put_first(&mut self, candidate: usize) {
        self.algorithms[..=candidate].rotate_right(1);
    }

    /// Starts a product of this kind by one of the algorithms.
    pub(super) fn start(
        &self,
        handle: lt::cublasLtHandle_t,
        candidate: usize,
        product: &Product,
        workspace: u64,
        stream: CUstream,
    ) -> Result<(), Status> {
        let [b, a, out] = self.layouts;
        let place = |matrix: &Matrix| matrix.address as *mut std::ffi::c_void;
        // SAFETY: descriptions are alive and were made for matrices of these shapes, whose memory is the engine's to keep
        // alive; alpha and beta are read before this returns.
        ok(unsafe {
            lt::cublasLtMatmul(
                handle,
                self.description,
                ptr::from_ref(&product.alpha).cast(),
                place(&product.b),
                b,
                place(&product.a),
                a,
                ptr::from_ref(&product.beta).cast(),
                place(&product.out),
                out,
                place(&product.out),
                out,
                &self.algorithms[candidate],
                workspace as *mut std::ffi::c_void,
                self.workspace,
                stream.cast(),
            )
        })
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: each was made, and is destroyed once.
        unsafe {
            for layout in self.layouts.into_iter().filter(|layout| !layout.is_null()) {
                let _ = lt::cublasLtMatrixLayoutDestroy(layout);
            }
            if !self.description.is_null() {
                let _ = lt::cublasLtMatmulDescDestroy(self.description);
            }
        }
    }
}

struct Preference(lt::cublasLtMatmulPreference_t);

impl Drop for Preference {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made, and is destroyed once.
            let _ = unsafe { lt::cublasLtMatmulPreferenceDestroy(self.0) };
        }
    }
}

fn ok(status: Status) -> Result<(), Status> {
    if status == Status::CUBLAS_STATUS_SUCCESS { Ok(()) } else { Err(status) }
}
