// Work shared between the calling thread and XLA's own thread pool.
//
// oneDNN runs each piece on one thread, so it starts no threads of its own: there is
// nothing to oversubscribe and no barrier to spin on when a core is busy elsewhere.
// The caller takes pieces too and waits only for pieces that have been started, so a
// full pool cannot stop it.

#ifndef LAMINA_KERNELS_PARALLEL_H_
#define LAMINA_KERNELS_PARALLEL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "xla/ffi/api/ffi.h"

namespace lamina {

// Calls body(0) ... body(count - 1), each once, and returns when all are done. The
// first exception of a piece is thrown again here.
void ParallelFor(xla::ffi::ThreadPool& pool, int64_t count,
                 const std::function<void(int64_t)>& body);

// The number of threads that ParallelFor can use.
int64_t Threads(const xla::ffi::ThreadPool& pool);

// How `total` items are cut into `count` pieces of sizes that differ by at most one.
struct Piece {
  int64_t begin;
  int64_t size;
};
inline Piece Cut(int64_t total, int64_t count, int64_t index) {
  const int64_t begin = total * index / count;
  return {begin, total * (index + 1) / count - begin};
}

// While it lives, OpenMP regions entered by this thread run on this thread alone.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace lamina

#endif  // LAMINA_KERNELS_PARALLEL_H_
