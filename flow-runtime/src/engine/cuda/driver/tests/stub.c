// Stand-ins for the driver, NVRTC and cuBLASLt, of which the tests build three libraries. The driver's "device" is the host: what
// is copied, cleared, multiplied and started is done at once, or recorded and done when the graph is started. How it misbehaves
// is in FLOW_STUB.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t u64;
static int is(const char* name) { const char* set = getenv("FLOW_STUB"); return set && strcmp(set, name) == 0; }

#ifdef DRIVER
enum { INVALID = 1, MEMORY = 2, NO_DEVICE = 100, UNAVAILABLE = 46, ILLEGAL = 700, TOO_LARGE = 720, CAPTURED = 900 };
enum { TOTAL = 256 << 20 };
static int poison, capturing;
static u64 used;
struct function { char name[64]; int shared; };
struct work { int kind; u64 a, b, bytes, words[8]; struct function* function; void (*call)(void*); void* data; };
struct graph { int count; struct work work[64]; };
static struct graph* recording;

static int begin(void) { return poison; }
static void perform(struct work* work) {
  if (work->kind == 0) memmove((void*)work->a, (void*)work->b, work->bytes);
  if (work->kind == 1) memset((void*)work->a, 0, work->bytes);
  if (work->kind == 2 && strcmp(work->function->name, "flow_fault") == 0) poison = ILLEGAL;
  // flow_add(float* x, float a, int n, u64 first)
  if (work->kind == 2 && strcmp(work->function->name, "flow_add") == 0) {
    float a; int n;
    memcpy(&a, &work->words[1], 4);
    memcpy(&n, &work->words[2], 4);
    for (int i = 0; i < n; i++) ((float*)work->words[0])[work->words[3] + i] += a;
  }
  if (work->kind == 3) work->call(work->data);
}
static void submit(struct work work) {
  if (capturing) recording->work[recording->count++] = work; else perform(&work);
}
// For cuBLASLt's stand-in.
void flow_stub_submit(void (*call)(void*), void* data) { submit((struct work){.kind = 3, .call = call, .data = data}); }

int cuDriverGetVersion(int* version) { *version = is("old") ? 11040 : 13000; return 0; }
#ifndef WITHOUT_INIT
int cuInit(unsigned flags) { return is("no-device") ? NO_DEVICE : is("mismatch") ? 803 : 0; }
#endif
int cuGetErrorName(int error, const char** text) { *text = error == ILLEGAL ? "CUDA_ERROR_ILLEGAL_ADDRESS" : 0; return *text ? 0 : INVALID; }
int cuGetErrorString(int error, const char** text) { *text = error == ILLEGAL ? "an illegal memory access was encountered" : 0; return *text ? 0 : INVALID; }
int cuDeviceGetCount(int* count) { *count = is("none") ? 0 : 2; return 0; }
int cuDeviceGet(int* device, int index) { *device = index; return index < 2 ? 0 : INVALID; }
int cuDeviceGetName(char* name, int length, int device) { snprintf(name, length, "Stub %d", device); return 0; }
int cuDeviceTotalMem_v2(u64* bytes, int device) { *bytes = TOTAL; return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  switch (attribute) {
    case 75: *value = is("turing") ? 7 : 9; return 0;
    case 76: *value = is("turing") ? 5 : 0; return 0;
    case 16: *value = 132; return 0;
    case 97: *value = 232448; return 0;
  }
  return INVALID;
}
int cuDevicePrimaryCtxRetain(void** context, int device) { *context = &used; return is("exclusive") ? UNAVAILABLE : 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxSetCurrent(void* context) { return 0; }
int cuStreamCreate(void** stream, unsigned flags) { *stream = &poison; return 0; }
int cuStreamDestroy_v2(void* stream) { return 0; }
int cuStreamSynchronize(void* stream) { return capturing ? CAPTURED : poison; }
int cuEventCreate(void** event, unsigned flags) { *event = malloc(8); return 0; }
int cuEventDestroy_v2(void* event) { free(event); return 0; }
int cuEventRecord(void* event, void* stream) { static double now; now += 1; memcpy(event, &now, 8); return poison; }
int cuEventSynchronize(void* event) { return poison; }
int cuEventElapsedTime(float* time, void* start, void* end) { double a, b; memcpy(&a, start, 8); memcpy(&b, end, 8); *time = b - a; return poison; }
int cuMemGetInfo_v2(u64* free, u64* total) { *free = TOTAL - used; *total = TOTAL; return begin(); }
int cuMemAlloc_v2(u64* address, u64 bytes) {
  if (begin()) return poison;
  if (used + bytes > TOTAL) return MEMORY;
  char* block = aligned_alloc(256, (bytes + 511) / 256 * 256);
  memcpy(block, &bytes, 8);
  memset(block + 256, 0xcd, bytes);
  used += bytes;
  *address = (u64)(block + 256);
  return 0;
}
int cuMemFree_v2(u64 address) { u64 bytes; memcpy(&bytes, (char*)address - 256, 8); used -= bytes; free((char*)address - 256); return 0; }
int cuMemAllocHost_v2(void** host, u64 bytes) { *host = is("unpinned") ? 0 : malloc(bytes); return *host ? 0 : MEMORY; }
int cuMemFreeHost(void* host) { free(host); return 0; }
static int move(u64 to, u64 from, u64 bytes) { if (begin()) return poison; submit((struct work){.kind = 0, .a = to, .b = from, .bytes = bytes}); return 0; }
int cuMemcpyHtoDAsync_v2(u64 to, const void* from, u64 bytes, void* stream) { return move(to, (u64)from, bytes); }
int cuMemcpyDtoHAsync_v2(void* to, u64 from, u64 bytes, void* stream) { return move((u64)to, from, bytes); }
int cuMemcpyDtoDAsync_v2(u64 to, u64 from, u64 bytes, void* stream) { return move(to, from, bytes); }
int cuMemsetD8Async(u64 to, unsigned char value, u64 bytes, void* stream) { if (begin()) return poison; submit((struct work){.kind = 1, .a = to, .bytes = bytes}); return 0; }
int cuModuleLoadData(void** module, const void* image) { *module = &capturing; return is("newer") ? 209 : begin(); }
int cuModuleUnload(void* module) { return 0; }
int cuModuleGetFunction(void** function, void* module, const char* name) {
  struct function* made = calloc(1, sizeof *made);
  strncpy(made->name, name, 63);
  made->shared = 49152;
  *function = made;
  return 0;
}
int cuFuncGetAttribute(int* value, int attribute, struct function* function) { *value = attribute == 11 && strcmp(function->name, "flow_cluster") == 0 ? 8 : 0; return 0; }
int cuFuncSetAttribute(struct function* function, int attribute, int value) { if (attribute == 8) function->shared = value; return value > 232448 ? INVALID : 0; }
int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, struct function* function, int threads, u64 shared) { *blocks = shared > 116224 ? 1 : 2; return begin(); }
static int start(struct function* function, unsigned shared, void** words) {
  if (begin()) return poison;
  if ((int)shared > function->shared) return INVALID;
  struct work work = {.kind = 2, .function = function};
  if (strcmp(function->name, "flow_add") == 0) {
    memcpy(&work.words[0], words[0], 8);
    memcpy(&work.words[1], words[1], 4);
    memcpy(&work.words[2], words[2], 4);
    memcpy(&work.words[3], words[3], 8);
  }
  submit(work);
  return 0;
}
int cuLaunchKernel(struct function* function, unsigned x, unsigned y, unsigned z, unsigned a, unsigned b, unsigned c, unsigned shared, void* stream, void** words, void** extra) { return start(function, shared, words); }
int cuLaunchCooperativeKernel(struct function* function, unsigned x, unsigned y, unsigned z, unsigned a, unsigned b, unsigned c, unsigned shared, void* stream, void** words) {
  return x > 264 || strcmp(function->name, "flow_cluster") == 0 ? TOO_LARGE : start(function, shared, words);
}
int cuStreamBeginCapture_v2(void* stream, int mode) { if (begin()) return poison; capturing = 1; recording = calloc(1, sizeof *recording); return 0; }
int cuStreamEndCapture(void* stream, void** graph) { capturing = 0; *graph = recording; return 0; }
int cuGraphInstantiateWithFlags(void** made, struct graph* graph, u64 flags) { struct graph* copy = malloc(sizeof *copy); *copy = *graph; *made = copy; return 0; }
int cuGraphDestroy(void* graph) { free(graph); return 0; }
int cuGraphExecDestroy(void* graph) { free(graph); return 0; }
int cuGraphLaunch(struct graph* graph, void* stream) { if (begin()) return poison; for (int i = 0; i < graph->count; i++) perform(&graph->work[i]); return 0; }
#endif

#ifdef NVRTC
int nvrtcVersion(int* major, int* minor) { *major = is("old-nvrtc") ? 11 : 13; *minor = 0; return 0; }
const char* nvrtcGetErrorString(int error) { return "an error of the stub"; }
int nvrtcGetNumSupportedArchs(int* count) { *count = 2; return 0; }
int nvrtcGetSupportedArchs(int* found) { found[0] = 80; found[1] = 90; return 0; }
int nvrtcCreateProgram(void** program, const char* text, const char* name, int count, const char* const* headers, const char* const* names) { *program = strdup("?"); return 0; }
int nvrtcDestroyProgram(void** program) { free(*program); return 0; }
int nvrtcCompileProgram(void* program, int count, const char* const* options) { return 0; }
int nvrtcGetProgramLogSize(void* program, u64* size) { *size = 1; return 0; }
int nvrtcGetProgramLog(void* program, char* log) { *log = 0; return 0; }
int nvrtcGetCUBINSize(void* program, u64* size) { *size = 8; return 0; }
int nvrtcGetCUBIN(void* program, char* cubin) { memcpy(cubin, "\177ELFstub", 8); return 0; }
int nvrtcGetPTXSize(void* program, u64* size) { *size = 1; return 0; }
int nvrtcGetPTX(void* program, char* ptx) { *ptx = 0; return 0; }
#endif

#ifdef CUBLASLT
void flow_stub_submit(void (*call)(void*), void* data);
struct description { int transposed[2]; };
struct layout { int type; u64 rows, columns; int64_t stride; };
struct result { u64 algorithm[8]; u64 workspace; int state; float waves; int reserved[4]; };
struct product { struct description* d; float alpha, beta; const char *a, *b; struct layout la, lb, lo; char* out; int transposed[2]; };

u64 cublasLtGetVersion(void) { return 130100; }
int cublasLtCreate(void** handle) { *handle = malloc(1); return 0; }
int cublasLtDestroy(void* handle) { free(handle); return 0; }
int cublasLtMatmulDescCreate(void** made, int compute, int scale) { *made = calloc(1, sizeof(struct description)); return compute == 68 && scale == 0 ? 0 : 7; }
int cublasLtMatmulDescDestroy(void* made) { free(made); return 0; }
int cublasLtMatmulDescSetAttribute(struct description* made, int attribute, const void* value, u64 size) { if (size != 4 || attribute < 3 || attribute > 4) return 7; memcpy(&made->transposed[attribute - 3], value, 4); return 0; }
int cublasLtMatrixLayoutCreate(void** made, int type, u64 rows, u64 columns, int64_t stride) {
  if (stride < (int64_t)rows) return 7;
  struct layout* layout = malloc(sizeof *layout);
  *layout = (struct layout){type, rows, columns, stride};
  *made = layout;
  return 0;
}
int cublasLtMatrixLayoutDestroy(void* made) { free(made); return 0; }
int cublasLtMatmulPreferenceCreate(void** made) { *made = calloc(1, 64); return 0; }
int cublasLtMatmulPreferenceDestroy(void* made) { free(made); return 0; }
int cublasLtMatmulPreferenceSetAttribute(void* made, int attribute, const void* value, u64 size) { return 0; }
int cublasLtMatmulAlgoGetHeuristic(void* handle, void* d, void* a, void* b, void* c, void* o, void* p, int wanted, struct result* found, int* count) {
  memset(found, 0, 3 * sizeof *found);
  for (int i = 0; i < 3; i++) found[i].algorithm[0] = i + 1;
  found[1].state = 15;
  *count = 3;
  return 0;
}
static float at(const char* matrix, const struct layout* layout, int transposed, u64 row, u64 column) {
  u64 place = transposed ? column + row * layout->stride : row + column * layout->stride;
  if (layout->type == 0) { float x; memcpy(&x, matrix + 4 * place, 4); return x; }
  // bf16 only
  uint32_t bits = (uint32_t)((const uint16_t*)matrix)[place] << 16;
  float x; memcpy(&x, &bits, 4); return x;
}
static void multiply(void* data) {
  struct product* p = data;
  u64 depth = p->transposed[0] ? p->la.rows : p->la.columns;
  for (u64 column = 0; column < p->lo.columns; column++) for (u64 row = 0; row < p->lo.rows; row++) {
    float sum = 0;
    for (u64 k = 0; k < depth; k++) sum += at(p->a, &p->la, p->transposed[0], row, k) * at(p->b, &p->lb, p->transposed[1], k, column);
    float* out = (float*)p->out + row + column * p->lo.stride;
    *out = p->alpha * sum + (p->beta == 0 ? 0 : p->beta * *out);
  }
}
int cublasLtMatmul(void* handle, struct description* d, const float* alpha, const char* a, struct layout* la, const char* b, struct layout* lb, const float* beta, const char* c, struct layout* lc, char* out, struct layout* lo, const u64* algorithm, void* workspace, u64 size, void* stream) {
  if (c != out || size != 32 << 20 || (u64)workspace % 256) return 7;
  // The heuristic says of the second algorithm that it does not serve; it must not be used.
  if (algorithm[0] == 2) return 13;
  struct product* p = malloc(sizeof *p);
  *p = (struct product){d, *alpha, *beta, a, b, *la, *lb, *lo, out, {d->transposed[0], d->transposed[1]}};
  flow_stub_submit(multiply, p);
  return 0;
}
#endif
