#include "dns/rdata_layout.h"

#include "dns/wire.h"

namespace khien::dns {
namespace {

using enum Field;

constexpr Layout opaque{rest, end, end, end, end, end};
constexpr Layout address_4{octets_4, end, end, end, end, end};
constexpr Layout address_16{octets_16, end, end, end, end, end};
constexpr Layout one_name{name_compressed, end, end, end, end, end};
constexpr Layout two_names{name_compressed, name_compressed, end, end, end, end};
constexpr Layout two_plain_names{name_expanded, name_expanded, end, end, end, end};
constexpr Layout soa{name_compressed, name_compressed, octets_20, end, end, end};
constexpr Layout mx{octets_2, name_compressed, end, end, end, end};
constexpr Layout number_name{octets_2, name_expanded, end, end, end, end};
constexpr Layout px{octets_2, name_expanded, name_expanded, end, end, end};
constexpr Layout srv{octets_6, name_expanded, end, end, end, end};
constexpr Layout naptr{octets_4, string, string, string, name_expanded, end};
constexpr Layout dname{name_plain, end, end, end, end, end};
constexpr Layout kx{octets_2, name_plain, end, end, end, end};
constexpr Layout rrsig{octets_18, name_plain, rest, end, end, end};
constexpr Layout sig{octets_18, name_expanded, rest, end, end, end};
constexpr Layout nxt{name_expanded, rest, end, end, end, end};
constexpr Layout nsec{name_plain, rest, end, end, end, end};
constexpr Layout svcb{octets_2, name_plain, rest, end, end, end};
constexpr Layout text{strings, end, end, end, end, end};
constexpr Layout hinfo{string, string, end, end, end, end};

}  // namespace

const Layout& rdata_layout(std::uint16_t type) noexcept {
  switch (type) {
    case type_a: return address_4;
    case type_aaaa: return address_16;
    case type_ns:
    case 3:  // MD, MF, MB, MG, MR: obsolete, but RFC 1035 lets senders compress them
    case 4:
    case 7:
    case 8:
    case 9:
    case type_cname:
    case type_ptr: return one_name;
    case type_soa: return soa;
    case 13: return hinfo;
    case 14: return two_names;  // MINFO
    case type_mx: return mx;
    case type_txt:
    case 99: return text;             // SPF
    case 17: return two_plain_names;  // RP
    case 18:                          // AFSDB
    case 21: return number_name;      // RT
    case 24: return sig;
    case 30: return nxt;
    case 26: return px;
    case type_srv: return srv;
    case 35: return naptr;
    case 36: return kx;
    case type_dname: return dname;
    case type_rrsig: return rrsig;
    case type_nsec: return nsec;
    case type_svcb:
    case type_https: return svcb;
    default: return opaque;
  }
}

std::size_t fixed_size(Field field) noexcept {
  switch (field) {
    case octets_2: return 2;
    case octets_4: return 4;
    case octets_6: return 6;
    case octets_16: return 16;
    case octets_18: return 18;
    case octets_20: return 20;
    default: return 0;
  }
}

}  // namespace khien::dns
