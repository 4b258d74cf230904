// The findings about addresses in plain words (impact_address.h).
#include "cases/impact_address.h"
#include "text/host.h"

namespace khien::cases {
namespace {

std::string joined(const Finding& finding, std::string_view and_more) {
  std::string out;
  for (const auto& name : finding.names) {
    if (!out.empty()) out += ", ";
    out += text::host_for_display(name);
  }
  if (finding.count > static_cast<std::int64_t>(finding.names.size())) out += and_more;
  return out;
}

Words names_words(const Impact& impact, const Finding& finding) {
  const auto count = std::to_string(finding.count);
  Words words{"Đã biết " + count + " tên máy chủ dùng " + impact.name,
              count + " host names are known at " + impact.name};
  if (!finding.names.empty()) {
    words.vi += ", ví dụ " + joined(finding, " và các tên khác");
    words.en += ", such as " + joined(finding, " and others");
  }
  if (!finding.source.empty()) {
    words.vi += " (nguồn: " + finding.source + ")";
    words.en += " (source: " + finding.source + ")";
  }
  words.vi += "; tất cả sẽ không truy cập được.";
  words.en += "; none of them could be reached.";
  if (finding.severity == Severity::refuse) {
    words.vi += " Quá " + std::to_string(address_names_max) + " tên thì hãy ra lệnh với từng tên.";
    words.en += " With more than " + std::to_string(address_names_max) + ", order the names.";
  }
  return words;
}

Words space_words(const Impact& impact, const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::not_an_address:
      return {
          "Không phải địa chỉ hay dải địa chỉ hợp lệ cho phạm vi đã chọn. Ví dụ: 192.0.2.7, "
          "192.0.2.0/28, 2001:db8::7.",
          "This is no address or prefix for the scope that was chosen. Write 192.0.2.7, "
          "192.0.2.0/28 or 2001:db8::7."};
    case FindingKind::special_address:
      return {"“" + impact.name +
                  "” thuộc vùng địa chỉ riêng, nội bộ hoặc dành riêng, không phải "
                  "địa chỉ trên Internet.",
              "“" + impact.name +
                  "” lies in private, local or reserved space and is no address of "
                  "the Internet."};
    default:
      return {"Dải quá rộng: chỉ được từ /" + std::to_string(finding.count) +
                  " trở lên. Hãy chọn "
                  "dải hẹp hơn hoặc từng địa chỉ.",
              "The prefix is too wide: at least /" + std::to_string(finding.count) +
                  " is needed. Choose a narrower one, or single addresses."};
  }
}

}  // namespace

Words address_words(const Impact& impact, const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::own_address:
      return {
          "Dải này chứa địa chỉ của chính Khiên, của máy phân giải hoặc của nhà mạng đang thực "
          "thi: " +
              joined(finding, " và địa chỉ khác") + ". Không thể ra lệnh.",
          "It holds addresses of Khiên itself, of a resolver or of a provider that enforces: " +
              joined(finding, " and others") + ". It cannot be ordered."};
    case FindingKind::never_block_prefix:
      return {"“" + impact.name + "” thuộc danh sách “" + finding.title_vi + "” (" +
                  joined(finding, " và dải khác") + "): rất nhiều dịch vụ hợp pháp dùng chung.",
              "“" + impact.name + "” is on the list “" + finding.title_en + "” (" +
                  joined(finding, " and others") + "): a great many lawful services share it."};
    case FindingKind::whole_address:
      return {"Mọi dịch vụ tại “" + impact.name +
                  "” đều bị chặn, kể cả của người không liên quan; "
                  "kẻ lừa đảo có thể đổi địa chỉ trong vài phút.",
              "Whatever is reached at “" + impact.name +
                  "” is blocked, also what belongs to others; "
                  "a swindler can change the address within minutes."};
    case FindingKind::names_at_address: return names_words(impact, finding);
    case FindingKind::names_unknown:
      return {"Chưa biết có bao nhiêu tên dùng “" + impact.name +
                  "”. Hãy tra cứu dữ liệu DNS lịch sử "
                  "(passive DNS) và ghi số lượng cùng nguồn.",
              "Nobody knows how many names use “" + impact.name +
                  "”. Look it up in passive DNS and "
                  "enter the count with its source."};
    case FindingKind::shared_hosting:
      return {"Tên của " + std::to_string(finding.count) +
                  " chủ khác nhau cùng dùng địa chỉ này (" + joined(finding, " và chủ khác") +
                  "): dấu hiệu máy chủ dùng chung.",
              "Names of " + std::to_string(finding.count) + " owners use it together (" +
                  joined(finding, " and others") + "): a sign of shared hosting."};
    case FindingKind::narrower_measure:
      return {
          "Trước hết hãy xét biện pháp hẹp hơn: yêu cầu nhà cung cấp gỡ, hoặc chặn tên máy chủ.",
          "Consider a narrower measure first: have the provider take it down, or block the host "
          "name."};
    default: return space_words(impact, finding);
  }
}

}  // namespace khien::cases
