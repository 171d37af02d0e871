// What kernel text may use of the machine, for NVRTC: every PTX instruction is behind one function of this file. The CPU header
// has a twin of each.
typedef unsigned int u32;
typedef unsigned long long u64;
#define FM_DEVICE 1
#define FM_FUNCTION __device__ __forceinline__
#define FM_KERNEL(threads) extern "C" __global__ __launch_bounds__(threads, 1)
// All shared memory is dynamic; a text takes it once and divides it.
#define FM_SMEM(T, name) extern __shared__ __align__(1024) unsigned char fm_shared[]; T* name = (T*)fm_shared

// ---- functions of the special-function unit: about two units in the last place
FM_FUNCTION float fm_ex2(float x) { float y; asm("ex2.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x)); return y; }
FM_FUNCTION float fm_lg2(float x) { float y; asm("lg2.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x)); return y; }
FM_FUNCTION float fm_rcp(float x) { float y; asm("rcp.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x)); return y; }
FM_FUNCTION float fm_rsqrt(float x) { float y; asm("rsqrt.approx.ftz.f32 %0,%1;" : "=f"(y) : "f"(x)); return y; }
// Within 2^-11: for half precision alone.
FM_FUNCTION float fm_tanh_approx(float x) { float y; asm("tanh.approx.f32 %0,%1;" : "=f"(y) : "f"(x)); return y; }

// ---- double precision that no compiler fuses
FM_FUNCTION double fm_dmul(double a, double b) { return __dmul_rn(a, b); }
FM_FUNCTION double fm_dadd(double a, double b) { return __dadd_rn(a, b); }
FM_FUNCTION double fm_ddiv(double a, double b) { return __ddiv_rn(a, b); }
FM_FUNCTION double fm_dsqrt(double a) { return __dsqrt_rn(a); }

// ---- pairs of 16-bit numbers
FM_FUNCTION u32 fm_pack_f16(float lo, float hi) { u32 r; asm("cvt.rn.f16x2.f32 %0,%1,%2;" : "=r"(r) : "f"(hi), "f"(lo)); return r; }
FM_FUNCTION void fm_unpack_f16(u32 v, float& lo, float& hi) { asm("{.reg .b16 l,h; mov.b32 {l,h},%2; cvt.f32.f16 %0,l; cvt.f32.f16 %1,h;}" : "=f"(lo), "=f"(hi) : "r"(v)); }
FM_FUNCTION u32 fm_pack_bf16(float lo, float hi) { u32 r; asm("cvt.rn.bf16x2.f32 %0,%1,%2;" : "=r"(r) : "f"(hi), "f"(lo)); return r; }
FM_FUNCTION void fm_unpack_bf16(u32 v, float& lo, float& hi) { lo = __uint_as_float(v << 16); hi = __uint_as_float(v & 0xffff0000u); }

// ---- tensor cores: d[16 x 8] += a[16 x 16] b[16 x 8], fragments as the PTX ISA lays them out
FM_FUNCTION void fm_mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
FM_FUNCTION void fm_mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
    : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
// Four 8 x 8 matrices of 16-bit numbers from shared memory: lane l names a row of 16 bytes of matrix l / 8.
FM_FUNCTION void fm_ldmatrix4(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3},[%4];"
    : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"((u32)__cvta_generic_to_shared(row)) : "memory");
}
FM_FUNCTION void fm_ldmatrix4_trans(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3},[%4];"
    : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"((u32)__cvta_generic_to_shared(row)) : "memory");
}

// ---- 16 bytes from global to shared memory, which arrive at their own time; fm_copied waits for those of the thread
FM_FUNCTION void fm_copy16(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0],[%1],16;" :: "r"((u32)__cvta_generic_to_shared(shared)), "l"(global) : "memory");
#else
  *(uint4*)shared = *(const uint4*)global;
#endif
}
FM_FUNCTION void fm_copied() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// ---- waiting for each other
// All blocks of a cooperative launch; `arrived` is one word, zero before the launch, of no other use.
FM_FUNCTION void fm_grid_sync(u32* arrived) {
  __syncthreads();
  if (threadIdx.x == 0) {
    // The highest bit flips when the last block has come.
    u32 add = blockIdx.x == 0 ? 0x80000000u - (gridDim.x - 1) : 1u, before, now;
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
    asm volatile("atom.add.release.gpu.u32 %0,[%1],%2;" : "=r"(before) : "l"(arrived), "r"(add) : "memory");
    do {
      asm volatile("ld.acquire.gpu.u32 %0,[%1];" : "=r"(now) : "l"(arrived) : "memory");
    } while (((before ^ now) & 0x80000000u) == 0);
    asm volatile("fence.acq_rel.gpu;" ::: "memory");
  }
  __syncthreads();
}
// All blocks of a cluster, which a text declares by FM_CLUSTER(blocks) before a kernel.
#define FM_CLUSTER(blocks) __cluster_dims__(blocks, 1, 1)
FM_FUNCTION void fm_cluster_sync() {
  asm volatile("fence.acq_rel.cluster;" ::: "memory");
  asm volatile("barrier.cluster.arrive.release;\n barrier.cluster.wait.acquire;" ::: "memory");
}
