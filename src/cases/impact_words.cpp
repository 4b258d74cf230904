#include "cases/impact_words.h"

#include "cases/impact_address.h"
#include "cases/impact_url.h"
#include "text/host.h"

namespace khien::cases {
namespace {

std::string joined(const std::vector<std::string>& names, std::int64_t count,
                   std::string_view and_more) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    out += text::host_for_display(name);
  }
  if (count > static_cast<std::int64_t>(names.size())) out += std::string{and_more};
  return out;
}

std::string names_vi(const Finding& finding) {
  return joined(finding.names, finding.count, " và các tên khác");
}

std::string names_en(const Finding& finding) {
  return joined(finding.names, finding.count, " and others");
}

Words suffix_words(FindingKind kind, const std::string& name) {
  if (kind == FindingKind::public_suffix) {
    return {"“" + name +
                "” là đuôi tên miền do nhà đăng ký quản lý; chặn nó là chặn mọi tên miền bên "
                "dưới. Không thể ra lệnh.",
            "“" + name +
                "” is a suffix run by a registry; blocking it blocks everybody's names below "
                "it. It cannot be ordered."};
  }
  if (kind == FindingKind::hosting_suffix) {
    return {
        "“" + name +
            "” là nền tảng lưu trữ trang của nhiều người dùng. Hãy chọn đúng trang vi "
            "phạm bên dưới.",
        "“" + name + "” is a platform that hosts many users' sites. Name the one site below it."};
  }
  return {"“" + name + "” chỉ có một nhãn, không phải tên miền đăng ký được.",
          "“" + name + "” has a single label and is no registrable name."};
}

Words list_words(const Impact& impact, const Finding& finding) {
  const std::string name = text::host_for_display(impact.name);
  const std::string vi = "danh sách “" + finding.title_vi + "”";
  const std::string en = "the list “" + finding.title_en + "”";
  switch (finding.kind) {
    case FindingKind::never_block:
      return {"“" + name + "” nằm trong " + vi + ".", "“" + name + "” is on " + en + "."};
    case FindingKind::never_block_above:
      return {"“" + name + "” nằm dưới “" + names_vi(finding) + "” thuộc " + vi + ".",
              "“" + name + "” lies below “" + names_en(finding) + "”, which is on " + en + "."};
    case FindingKind::never_block_below:
      return {"Lệnh này cũng chặn " + names_vi(finding) + " thuộc " + vi + ".",
              "The order would also block " + names_en(finding) + ", on " + en + "."};
    case FindingKind::popular:
      return {"“" + name + "” thuộc nhóm tên miền phổ biến (" + finding.title_vi +
                  "). Có thể đây là trang hợp pháp bị chiếm quyền.",
              "“" + name + "” belongs to the most popular names (" + finding.title_en +
                  "). It may be a lawful site that was broken into."};
    default:
      return {"Lệnh này cũng chặn tên miền phổ biến: " + names_vi(finding) + ".",
              "The order would also block popular names: " + names_en(finding) + "."};
  }
}

Words scope_words(const Impact& impact, const Finding& finding) {
  const std::string name = text::host_for_display(impact.name);
  const std::string count = std::to_string(finding.count);
  switch (finding.kind) {
    case FindingKind::wide_scope:
      return {"Phạm vi “tên miền” chặn “" + name + "” và mọi tên bên dưới.",
              "Scope “domain” blocks “" + name + "” and every name below it."};
    case FindingKind::leaves_below:
      return {"Phạm vi “máy chủ” chỉ chặn đúng “" + name + "”; ví dụ “www." + name +
                  "” vẫn truy cập được.",
              "Scope “host” blocks exactly “" + name + "”; “www." + name +
                  "”, for example, stays reachable."};
    case FindingKind::names_below:
      return impact.scope == Scope::domain
                 ? Words{"Đã thấy " + count +
                             " tên bên dưới cũng sẽ bị chặn: " + names_vi(finding) + ".",
                         count + " names seen below would be blocked too: " + names_en(finding) +
                             "."}
                 : Words{"Đã thấy " + count + " tên bên dưới không bị chặn: " + names_vi(finding) +
                             ".",
                         count + " names seen below stay reachable: " + names_en(finding) + "."};
    case FindingKind::on_hosting:
      return {"Đây là trang của một người dùng trên nền tảng “" + names_vi(finding) + "”.",
              "This is one user's site on the platform “" + names_en(finding) + "”."};
    default:
      return {
          "Trước hết hãy xét biện pháp hẹp hơn: yêu cầu nền tảng hoặc chủ trang gỡ nội dung, hoặc "
          "chỉ chặn đúng máy chủ vi phạm.",
          "Consider a narrower measure first: have the platform or the owner remove the content, "
          "or block only the exact host."};
  }
}

}  // namespace

Words words_of(const Impact& impact, const Finding& finding) {
  if (impact.scope == Scope::url) return url_words(impact, finding);
  if (finding.kind == FindingKind::narrower_measure && is_of_addresses(impact.scope)) {
    return address_words(impact, finding);
  }
  const std::string name = text::host_for_display(impact.name);
  switch (finding.kind) {
    case FindingKind::not_a_name:
      return {"Không phải là tên máy chủ hợp lệ.", "This is not a valid host name."};
    case FindingKind::ip_address:
      return {
          "Đây là địa chỉ IP, thường do nhiều trang dùng chung. Hãy ra lệnh với tên máy chủ; nếu "
          "không có tên nào, hãy chọn phạm vi “địa chỉ”.",
          "This is an address, and addresses are shared by many sites. Order the host name; where "
          "there is none, choose scope “address”."};
    case FindingKind::public_suffix:
    case FindingKind::hosting_suffix:
    case FindingKind::single_label: return suffix_words(finding.kind, name);
    case FindingKind::reserved_name:
      return {"“" + name + "” là tên dành riêng, không có trên Internet.",
              "“" + name + "” is a reserved name and not on the Internet."};
    case FindingKind::own_service:
      return {"“" + name + "” phục vụ chính Khiên; chặn nó thì không ai còn khiếu nại được.",
              "“" + name + "” serves Khiên itself; blocking it would take away the way to object."};
    case FindingKind::no_order_category:
      return {"Đây là lựa chọn của từng mạng, không bao giờ là lệnh chặn.",
              "This is a network's own choice and never an order."};
    case FindingKind::never_block:
    case FindingKind::never_block_above:
    case FindingKind::never_block_below:
    case FindingKind::popular:
    case FindingKind::popular_below: return list_words(impact, finding);
    case FindingKind::on_hosting:
    case FindingKind::wide_scope:
    case FindingKind::leaves_below:
    case FindingKind::names_below:
    case FindingKind::narrower_measure: return scope_words(impact, finding);
    case FindingKind::not_an_address:
    case FindingKind::special_address:
    case FindingKind::prefix_too_wide:
    case FindingKind::own_address:
    case FindingKind::never_block_prefix:
    case FindingKind::whole_address:
    case FindingKind::names_at_address:
    case FindingKind::names_unknown:
    case FindingKind::shared_hosting: return address_words(impact, finding);
    case FindingKind::not_a_url:
    case FindingKind::whole_site:
    case FindingKind::page_too_long:
    case FindingKind::page_and_below:
    case FindingKind::everybodys_path:
    case FindingKind::short_path:
    case FindingKind::ordered_above:
    case FindingKind::ordered_below:
    case FindingKind::host_listed:
    case FindingKind::pages_unknown:
    case FindingKind::proxies_only: return url_words(impact, finding);
  }
  return {};
}

Words summary_of(const Impact& impact) {
  switch (impact.verdict) {
    case Severity::clear:
      return {"Không thấy ảnh hưởng ngoài ý muốn.", "No unwanted effect was found."};
    case Severity::info:
      return {"Không thấy ảnh hưởng ngoài ý muốn; xem ghi chú về phạm vi.",
              "No unwanted effect was found; see the notes on scope."};
    case Severity::caution:
      return {"Có thể ra lệnh, nhưng cần xem kỹ các lưu ý.",
              "It can be ordered; read the cautions."};
    case Severity::serious:
      if (needs_third(impact.scope)) {
        return {
            "Ảnh hưởng lớn: cần lý do bằng văn bản và hai người duyệt, một người thuộc đơn vị "
            "khác; "
            "không có lệnh khẩn cấp.",
            "Serious effect: it needs a written reason and two approvers, one of another unit; "
            "there is no emergency order."};
      }
      return {"Ảnh hưởng lớn: cần nêu lý do bằng văn bản và người duyệt thuộc đơn vị khác.",
              "Serious effect: it needs a written reason and an approver of another unit."};
    case Severity::refuse:
      return {"Không thể ra lệnh: " + words_of(impact, impact.findings.front()).vi,
              "It cannot be ordered: " + words_of(impact, impact.findings.front()).en};
  }
  return {};
}

std::vector<std::string> covers(const Impact& impact) {
  if (impact.scope == Scope::url) return {impact.name, impact.name + "/*"};
  if (impact.scope != Scope::domain) return {impact.name};
  return {impact.name, "*." + impact.name};
}

}  // namespace khien::cases
