#include "parallel.h"

#include <omp.h>

#include <algorithm>

namespace lamina {
namespace {

struct Work {
  const std::function<void(int64_t)>* body;  // alive while done < count
  int64_t count;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::mutex mutex;
  std::condition_variable all_done;
  std::exception_ptr error;

  void Run() {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        (*body)(i);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex);
        if (!error) error = std::current_exception();
      }
      if (done.fetch_add(1) + 1 == count) {
        std::lock_guard<std::mutex> lock(mutex);
        all_done.notify_all();
      }
    }
  }
};

}  // namespace

int64_t Threads(const xla::ffi::ThreadPool& pool) {
  return std::max<int64_t>(1, pool.num_threads());
}

void ParallelFor(xla::ffi::ThreadPool& pool, int64_t count,
                 const std::function<void(int64_t)>& body) {
  const int64_t helpers = std::min(count, Threads(pool)) - 1;
  if (helpers <= 0) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  auto work = std::make_shared<Work>();
  work->body = &body;
  work->count = count;
  for (int64_t i = 0; i < helpers; ++i) {
    pool.Schedule([work] { work->Run(); });
  }
  work->Run();
  if (work->done.load() < count) {
    std::unique_lock<std::mutex> lock(work->mutex);
    work->all_done.wait(lock, [&] { return work->done.load() == count; });
  }
  if (work->error) std::rethrow_exception(work->error);
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(before_); }

}  // namespace lamina
