// The findings about web addresses in plain words (impact_url.h).
#include "cases/impact_url.h"
#include "cases/url_target.h"
#include "text/host.h"

namespace khien::cases {
namespace {

std::string listed(const Finding& finding, std::string_view and_more) {
  std::string out;
  for (const auto& name : finding.names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  if (finding.count > static_cast<std::int64_t>(finding.names.size())) out += and_more;
  return out;
}

Words target_words(const Finding& finding) {
  switch (finding.kind) {
    case FindingKind::whole_site:
      return {"Địa chỉ này là cả trang web. Hãy ra lệnh với tên máy chủ (phạm vi “đúng tên này”).",
              "This is a whole site. Order its host name, with scope “this name alone”."};
    case FindingKind::page_too_long:
      return {
          "Địa chỉ quá dài, không danh sách nào ghi được. Hãy chọn đường dẫn ngắn hơn phía trên.",
          "The address is too long for any list. Order a shorter path above it."};
    default:
      return {"Không phải địa chỉ web hợp lệ. Ví dụ: https://trang.example/lua-dao.",
              "This is no web address. Write it as in a browser: https://site.example/scam."};
  }
}

Words host_words(const Impact& impact, const Finding& finding) {
  const auto name = display_of(impact.name);
  switch (finding.kind) {
    case FindingKind::single_label:
      return {"Tên máy chủ của “" + name + "” chỉ có một nhãn, không có trên Internet.",
              "The host of “" + name + "” has a single label and is not on the Internet."};
    case FindingKind::reserved_name:
      return {"“" + name + "” nằm trên tên dành riêng, không có trên Internet.",
              "“" + name + "” lies on a reserved name and not on the Internet."};
    case FindingKind::own_service:
      return {"“" + name + "” là trang của chính Khiên; chặn nó thì không ai còn khiếu nại được.",
              "“" + name +
                  "” is a page of Khiên itself; blocking it would take away the way to object."};
    case FindingKind::special_address:
      return {"“" + name + "” nằm trên địa chỉ riêng hoặc dành riêng, không có trên Internet.",
              "“" + name + "” lies on a private or reserved address and not on the Internet."};
    default:
      return {"“" + name + "” nằm trên địa chỉ của chính Khiên hoặc nơi đang thực thi lệnh: " +
                  listed(finding, " và địa chỉ khác") + ".",
              "“" + name + "” lies on an address of Khiên itself or of somebody who enforces: " +
                  listed(finding, " and others") + "."};
  }
}

Words list_of_host_words(const Finding& finding) {
  const auto name = finding.names.empty() ? std::string{} : display_of(finding.names.front());
  const auto vi = "Máy chủ thuộc danh sách “" + finding.title_vi + "” (" + name + ").";
  const auto en = "The host is on the list “" + finding.title_en + "” (" + name + ").";
  if (finding.severity == Severity::refuse) {
    return {vi + " Không trang nào của danh sách này có thể bị chặn.",
            en + " No page of such a site can be ordered blocked."};
  }
  return {vi +
              " Có thể trang bị chiếm quyền: hãy báo chủ trang gỡ trước, và chỉ chặn đúng trang vi "
              "phạm.",
          en + " It may have been broken into: have the owner remove the page first, and order "
               "nothing but that page."};
}

Words path_words(const Impact& impact, const Finding& finding) {
  const auto name = display_of(impact.name);
  if (finding.kind == FindingKind::short_path) {
    return {"Đường dẫn “" + name +
                "” rất ngắn trên một trang có nhiều người dùng: hãy chắc chắn đó là "
                "trang của kẻ vi phạm.",
            "The path of “" + name +
                "” is very short on a site of many users: be sure that it is the "
                "offender's page."};
  }
  if (finding.severity == Severity::refuse) {
    return {"“" + name +
                "” là đường dẫn chung của mọi người dùng: nội dung khác nhau ở phần sau dấu "
                "“?”, và lệnh không nêu được phần đó.",
            "“" + name +
                "” is a path that all users of the site share: what differs stands behind "
                "“?”, which no order can name."};
  }
  return {"“" + name + "” có thể là đường dẫn chung của nhiều trang, khác nhau ở phần sau dấu “?”.",
          "“" + name + "” may be one path of many pages that differ behind “?”."};
}

Words around_words(const Finding& finding) {
  const auto vi = listed(finding, " và lệnh khác");
  const auto en = listed(finding, " and others");
  switch (finding.kind) {
    case FindingKind::ordered_above:
      return {"Lệnh đang có hiệu lực đã bao trùm địa chỉ này: " + vi + ".",
              "Orders in force cover this address already: " + en + "."};
    case FindingKind::ordered_below:
      return {"Lệnh đang có hiệu lực với trang bên dưới: " + vi + ".",
              "Orders are in force on pages below it: " + en + "."};
    default:
      return {"Máy chủ đã nằm trong danh sách chặn: " + listed(finding, " và danh sách khác") + ".",
              "Lists block its host already: " + en + "."};
  }
}

}  // namespace

Words url_words(const Impact& impact, const Finding& finding) {
  const auto name = display_of(impact.name);
  switch (finding.kind) {
    case FindingKind::not_a_url:
    case FindingKind::whole_site:
    case FindingKind::page_too_long: return target_words(finding);
    case FindingKind::no_order_category:
      return {"Đây là lựa chọn của từng mạng, không bao giờ là lệnh chặn.",
              "This is a network's own choice and never an order."};
    case FindingKind::never_block:
    case FindingKind::never_block_above: return list_of_host_words(finding);
    case FindingKind::popular:
      return {"Máy chủ thuộc nhóm tên miền phổ biến (" + finding.title_vi +
                  "): các trang khác của nó vẫn truy cập được.",
              "The host belongs to the most popular names (" + finding.title_en +
                  "); its other pages stay reachable."};
    case FindingKind::everybodys_path:
    case FindingKind::short_path: return path_words(impact, finding);
    case FindingKind::page_and_below:
      return {"Chặn “" + name +
                  "” dù sau dấu “?” có gì, và mọi trang bên dưới; trang khác của máy chủ "
                  "không bị chặn.",
              "It blocks “" + name +
                  "”, whatever stands behind “?”, and all pages below it; other "
                  "pages of the host stay."};
    case FindingKind::ordered_above:
    case FindingKind::ordered_below:
    case FindingKind::host_listed: return around_words(finding);
    case FindingKind::pages_unknown:
      return {"Không thể biết có bao nhiêu trang bên dưới, và của ai: hãy mở xem trước khi ký.",
              "Nobody can say how many pages lie below it, or whose: look before you sign."};
    case FindingKind::proxies_only:
      return {
          "Máy phân giải tên miền không thực thi được lệnh này. Chỉ máy chủ proxy nhận danh sách "
          "đã "
          "ký mới chặn; với https chỉ khi proxy thấy được đường dẫn.",
          "No resolver can enforce this. Proxies that take the signed list do; of https only "
          "where they see the path."};
    case FindingKind::narrower_measure:
      return {"Trước hết hãy yêu cầu chủ trang hoặc nền tảng gỡ trang.",
              "Have the owner or the platform remove the page first."};
    default: return host_words(impact, finding);
  }
}

}  // namespace khien::cases
