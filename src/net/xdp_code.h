// A small assembler for eBPF, enough for the one program of net/xdp_program.h: instructions are
// appended one by one, and jumps name labels that are placed later. No verification: the kernel's
// verifier does that.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace khien::net {

enum class BpfRegister : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10 };
enum class BpfSize : std::uint8_t { u8 = BPF_B, u16 = BPF_H, u32 = BPF_W };
enum class BpfLabel : std::uint8_t { pass, v4, look_up, count_ };

/// A place in memory: what a register points at, and an offset.
struct BpfPlace {
  BpfRegister base;
  std::int16_t offset;
};

class BpfCode {
 public:
  void load(BpfSize size, BpfRegister to, BpfPlace from);
  void store(BpfSize size, BpfPlace to, BpfRegister from);
  void store_number(BpfSize size, BpfPlace to, std::int32_t number);
  void move(BpfRegister to, BpfRegister from);
  void set(BpfRegister to, std::int32_t number);
  void add(BpfRegister to, std::int32_t number);
  void mask(BpfRegister to, std::int32_t bits);
  void load_map(BpfRegister to, int map_fd);
  void call(std::int32_t helper);
  void leave();
  void jump(BpfLabel to);
  void jump_if_equal(BpfRegister left, std::int32_t right, BpfLabel to);
  void jump_if_not_equal(BpfRegister left, std::int32_t right, BpfLabel to);
  void jump_if_greater(BpfRegister left, BpfRegister right, BpfLabel to);
  /// `label` stands for the next instruction. Jumps go forward only.
  void place(BpfLabel label);

  [[nodiscard]] std::span<const bpf_insn> instructions() const noexcept { return code_; }

 private:
  struct Jump {
    std::size_t at;
    BpfLabel to;
  };
  void emit(int code, BpfRegister to, BpfRegister from, std::int16_t offset, std::int32_t number);
  void emit_jump(int code, BpfRegister left, BpfRegister right, std::int32_t number, BpfLabel to);

  std::vector<bpf_insn> code_;
  std::vector<Jump> jumps_;
};

/// What the program looks its listening addresses up by; all in network order.
struct XdpListenKey {
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four
  std::array<std::uint8_t, 2> port{};
  std::array<std::uint8_t, 2> family{};  // xdp_key_v4 or xdp_key_v6 in the machine's order
};
constexpr std::uint16_t xdp_key_v4 = 4;
constexpr std::uint16_t xdp_key_v6 = 6;

/// The program. `listen_map` is a hash with XdpListenKey; `socket_map` an XSKMAP by queue.
[[nodiscard]] BpfCode xdp_code(int listen_map, int socket_map);

}  // namespace khien::net
