#include "net/xdp_code.h"

#include <arpa/inet.h>

#include "net/udp_frame.h"

namespace khien::net {

using enum BpfRegister;

void BpfCode::emit(int code, BpfRegister to, BpfRegister from, std::int16_t offset,
                   std::int32_t number) {
  bpf_insn instruction{};
  instruction.code = static_cast<std::uint8_t>(code);
  instruction.dst_reg = static_cast<std::uint8_t>(to) & 0xF;
  instruction.src_reg = static_cast<std::uint8_t>(from) & 0xF;
  instruction.off = offset;
  instruction.imm = number;
  code_.push_back(instruction);
}

void BpfCode::emit_jump(int code, BpfRegister left, BpfRegister right, std::int32_t number,
                        BpfLabel to) {
  jumps_.push_back({.at = code_.size(), .to = to});
  emit(BPF_JMP | code, left, right, 0, number);
}

void BpfCode::load(BpfSize size, BpfRegister to, BpfPlace from) {
  emit(BPF_LDX | BPF_MEM | static_cast<int>(size), to, from.base, from.offset, 0);
}
void BpfCode::store(BpfSize size, BpfPlace to, BpfRegister from) {
  emit(BPF_STX | BPF_MEM | static_cast<int>(size), to.base, from, to.offset, 0);
}
void BpfCode::store_number(BpfSize size, BpfPlace to, std::int32_t number) {
  emit(BPF_ST | BPF_MEM | static_cast<int>(size), to.base, r0, to.offset, number);
}
void BpfCode::move(BpfRegister to, BpfRegister from) {
  emit(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
void BpfCode::set(BpfRegister to, std::int32_t number) {
  emit(BPF_ALU64 | BPF_MOV | BPF_K, to, r0, 0, number);
}
void BpfCode::add(BpfRegister to, std::int32_t number) {
  emit(BPF_ALU64 | BPF_ADD | BPF_K, to, r0, 0, number);
}
void BpfCode::mask(BpfRegister to, std::int32_t bits) {
  emit(BPF_ALU64 | BPF_AND | BPF_K, to, r0, 0, bits);
}
void BpfCode::load_map(BpfRegister to, int map_fd) {
  // Two instructions wide; this source register says that the number is a map's descriptor.
  static_assert(BPF_PSEUDO_MAP_FD == static_cast<int>(r1));
  emit(BPF_LD | BPF_DW | BPF_IMM, to, r1, 0, map_fd);
  emit(0, r0, r0, 0, 0);
}
void BpfCode::call(std::int32_t helper) { emit(BPF_JMP | BPF_CALL, r0, r0, 0, helper); }
void BpfCode::leave() { emit(BPF_JMP | BPF_EXIT, r0, r0, 0, 0); }
void BpfCode::jump(BpfLabel to) { emit_jump(BPF_JA, r0, r0, 0, to); }
void BpfCode::jump_if_equal(BpfRegister left, std::int32_t right, BpfLabel to) {
  emit_jump(BPF_JEQ | BPF_K, left, r0, right, to);
}
void BpfCode::jump_if_not_equal(BpfRegister left, std::int32_t right, BpfLabel to) {
  emit_jump(BPF_JNE | BPF_K, left, r0, right, to);
}
void BpfCode::jump_if_greater(BpfRegister left, BpfRegister right, BpfLabel to) {
  emit_jump(BPF_JGT | BPF_X, left, right, 0, to);
}

void BpfCode::place(BpfLabel label) {
  for (const Jump& jump : jumps_) {
    if (jump.to != label) continue;
    code_[jump.at].off = static_cast<std::int16_t>(code_.size() - jump.at - 1);
  }
}

namespace {

constexpr std::int16_t key_at = -static_cast<std::int16_t>(sizeof(XdpListenKey));
constexpr BpfRegister packet = r2;
constexpr BpfRegister packet_end = r3;

// Goes on only if the packet has `size` octets; the verifier then allows reading them.
void need(BpfCode& code, std::size_t size) {
  code.move(r4, packet);
  code.add(r4, static_cast<std::int32_t>(size));
  code.jump_if_greater(r4, packet_end, BpfLabel::pass);
}

// Copies `octets` octets of the packet into the key.
void copy_to_key(BpfCode& code, BpfSize size, std::int16_t from, std::int16_t to) {
  code.load(size, r5, {packet, from});
  code.store(size, {r10, static_cast<std::int16_t>(key_at + to)}, r5);
}

void finish_key(BpfCode& code, std::int16_t port_from, std::uint16_t family) {
  copy_to_key(code, BpfSize::u16, port_from, offsetof(XdpListenKey, port));
  code.store_number(BpfSize::u16, {r10, key_at + std::int16_t{offsetof(XdpListenKey, family)}},
                    family);
}

// 14: version and head size, 20: fragment bits and offset, 23: protocol, 30: destination.
void take_v4(BpfCode& code) {
  constexpr std::int32_t plain = 0x45;
  constexpr std::uint16_t fragment = 0x3FFF;
  code.load(BpfSize::u8, r5, {packet, 14});
  code.jump_if_not_equal(r5, plain, BpfLabel::pass);
  code.load(BpfSize::u16, r5, {packet, 20});
  code.mask(r5, htons(fragment));
  code.jump_if_not_equal(r5, 0, BpfLabel::pass);
  code.load(BpfSize::u8, r5, {packet, 23});
  code.jump_if_not_equal(r5, IPPROTO_UDP, BpfLabel::pass);
  copy_to_key(code, BpfSize::u32, 30, 0);
  for (std::int16_t at = 4; at < 16; at = static_cast<std::int16_t>(at + 4)) {
    code.store_number(BpfSize::u32, {r10, static_cast<std::int16_t>(key_at + at)}, 0);
  }
  finish_key(code, udp_frame_head_size_v4 - 6, xdp_key_v4);
}

// 20: next header, 38: destination.
void take_v6(BpfCode& code) {
  need(code, udp_frame_head_size_v6);
  code.load(BpfSize::u8, r5, {packet, 20});
  code.jump_if_not_equal(r5, IPPROTO_UDP, BpfLabel::pass);
  for (std::int16_t at = 0; at < 16; at = static_cast<std::int16_t>(at + 4)) {
    copy_to_key(code, BpfSize::u32, static_cast<std::int16_t>(38 + at), at);
  }
  finish_key(code, udp_frame_head_size_v6 - 6, xdp_key_v6);
}

}  // namespace

BpfCode xdp_code(int listen_map, int socket_map) {
  constexpr std::int32_t ethertype_v4 = 0x0800;
  constexpr std::int32_t ethertype_v6 = 0x86DD;
  BpfCode code;
  code.move(r6, r1);  // the xdp_md, kept over calls
  code.load(BpfSize::u32, packet, {r6, offsetof(xdp_md, data)});
  code.load(BpfSize::u32, packet_end, {r6, offsetof(xdp_md, data_end)});
  need(code, udp_frame_head_size_v4);
  code.load(BpfSize::u16, r5, {packet, 12});
  code.jump_if_equal(r5, htons(ethertype_v4), BpfLabel::v4);
  code.jump_if_not_equal(r5, htons(ethertype_v6), BpfLabel::pass);
  take_v6(code);
  code.jump(BpfLabel::look_up);
  code.place(BpfLabel::v4);
  take_v4(code);

  code.place(BpfLabel::look_up);
  code.load_map(r1, listen_map);
  code.move(r2, r10);
  code.add(r2, key_at);
  code.call(BPF_FUNC_map_lookup_elem);
  code.jump_if_equal(r0, 0, BpfLabel::pass);
  code.load_map(r1, socket_map);
  code.load(BpfSize::u32, r2, {r6, offsetof(xdp_md, rx_queue_index)});
  code.set(r3, XDP_PASS);  // where the queue has no socket
  code.call(BPF_FUNC_redirect_map);
  code.leave();

  code.place(BpfLabel::pass);
  code.set(r0, XDP_PASS);
  code.leave();
  return code;
}

}  // namespace khien::net
