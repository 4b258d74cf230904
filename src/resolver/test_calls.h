// Counts what the test program calls of the C library, to prove what the query path does not do
// (locks of any kind, and the system calls that move batches), and what a change of rules does not
// wait for (the disk). The functions are defined here in the
// library's place and pass the call on.
#pragma once

#include <atomic>
#include <cstddef>

namespace khien::resolver {

extern std::atomic<std::size_t> lock_count;     // mutexes, read-write locks, conditions
extern std::atomic<std::size_t> receive_count;  // recvmmsg
extern std::atomic<std::size_t> send_count;     // sendmmsg
extern std::atomic<std::size_t> wait_count;     // epoll_wait

extern std::atomic<std::size_t> sync_count;      // fdatasync, fsync
extern thread_local std::size_t own_sync_count;  // the same, of the thread that reads it
extern std::atomic<int> sync_error;              // 0, or what fdatasync says in the disk's place

}  // namespace khien::resolver
