#include "api/report_upload.h"

#include "api/form_upload.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/public_pages.h"
#include "api/services.h"
#include "codec/json.h"
#include "evidence/item.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Request;
using http::Response;

constexpr FormLimits form_limits{.files_max = report_pictures_max,
                                 .file_size_max = report_picture_size_max};

bool is_form(const Request& request) {
  return request.headers.find("Content-Type").value_or("").starts_with("multipart/form-data");
}

/// A small body that is gathered and then handed on as an ordinary request.
class PlainUpload final : public http::Upload {
 public:
  PlainUpload(const Request& request, http::Handler handler)
      : request_(request), handler_(std::move(handler)) {}
  Result<void> write(Bytes data) override {
    if (data.size() > http::body_size_default_max - request_.body.size()) {
      return fail(ErrorCode::limit_exceeded, "the body is larger than allowed here",
                  "body_too_large");
    }
    request_.body += as_text(data);
    return {};
  }
  Response finish() override { return handler_(request_); }

 private:
  Request request_;
  http::Handler handler_;
};

using Opened = std::variant<Response, std::unique_ptr<http::Upload>>;

Opened opened_or_problem(Result<std::unique_ptr<http::Upload>> upload) {
  if (!upload) return http::problem(upload.error());
  return std::move(*upload);
}

ReportFields page_fields(const std::function<std::string(std::string_view)>& field) {
  return {.submission = field("submission"),
          .what = field("what"),
          .kind = field("kind"),
          .story = field("story"),
          .contact = field("contact"),
          .trap = field("website")};
}

std::string whole_text(const ReportFields& fields) {
  return fields.story.empty() ? fields.what : fields.what + "\n\n" + fields.story;
}

Response finish_page_form(const Services& services, const Request& request,
                          const ReportFields& fields, const std::vector<StoredFile>& files) {
  // Nothing to keep: take_report() says what is missing.
  if (fields.what.empty()) return take_report(services, request, fields, {});
  const auto attach = attach_to_case(services, whole_text(fields), files);
  if (!attach) return error_page(services, request, attach.error(), 0);
  return take_report(services, request, fields, *attach);
}

Opened open_page_form(const Services& services, const Request& request) {
  if (!is_form(request)) {
    // Without a picture a form may come as plain fields: from programs and very old browsers.
    return std::make_unique<PlainUpload>(request, [&services](const Request& whole) {
      const auto form = form_of(whole);
      if (!form) return error_page(services, whole, form.error(), 0);
      const auto fields = page_fields([&](std::string_view name) { return field_of(*form, name); });
      return finish_page_form(services, whole, fields, {});
    });
  }
  return opened_or_problem(take_form(
      request, services.contents, form_limits, [&services, &request](const StoredParts& parts) {
        const auto fields = page_fields([&](std::string_view name) { return parts.field(name); });
        return finish_page_form(services, request, fields, parts.files());
      }));
}

Result<Response> take_json(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::ReportDraft draft{.channel = cases::Channel::api,
                           .text = in.text("text"),
                           .contact = in.optional_text("contact").value_or(""),
                           .language = in.optional_text("language").value_or("vi")};
  draft.category = in.optional_one_of(in.optional_text("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  return take_api_report(services, draft, {});
}

Result<Response> take_api_form(const Services& services, const StoredParts& parts) {
  cases::ReportDraft draft{.channel = cases::Channel::api,
                           .text = parts.field("text"),
                           .contact = parts.field("contact"),
                           .language = parts.field("language")};
  if (draft.language.empty()) draft.language = "vi";
  if (const auto word = parts.field("category"); !word.empty()) {
    draft.category = parse_category(word);
    if (!draft.category) {
      return fail(ErrorCode::invalid_argument, "not one of the known words", "no_category");
    }
  }
  return take_api_report(services, draft, parts.files());
}

Opened open_api_report(const Services& services, const Request& request) {
  if (!is_form(request)) return std::make_unique<PlainUpload>(request, bind(services, take_json));
  return opened_or_problem(
      take_form(request, services.contents, form_limits, [&services](const StoredParts& parts) {
        auto response = take_api_form(services, parts);
        return response ? std::move(*response) : http::problem(response.error());
      }));
}

http::Route upload_route(std::string path, http::UploadHandler open) {
  http::Route route;
  route.method = http::Method::post;
  route.path = std::move(path);
  route.upload = std::move(open);
  route.permission = "public";
  route.rate_class = "report";
  route.body_size_max = report_body_size_max;
  return route;
}

}  // namespace

Result<AttachPicture> attach_to_case(const Services& services, const std::string& text,
                                     const std::vector<StoredFile>& files) {
  auto writer = services.contents.begin();
  if (!writer) return propagate(std::move(writer).error(), "keep the report's text");
  if (auto written = writer->write(as_bytes(text)); !written) {
    return propagate(std::move(written).error(), "keep the report's text");
  }
  auto content = writer->finish();
  if (!content) return propagate(std::move(content).error(), "keep the report's text");
  return AttachPicture{[&services, &files, words = std::move(*content)](
                           store::Transaction& tx, const cases::Receipt& receipt) -> Result<void> {
    if (!receipt.case_id || receipt.code.empty()) return {};
    const evidence::Context context{.clock = services.clock, .rng = services.rng};
    evidence::ItemDraft draft{.case_id = receipt.case_id->value,
                              .report_id = receipt.report.value,
                              .kind = evidence::ItemKind::report_text,
                              .file_name = "report.txt"};
    if (auto added = evidence::add_item(tx, context, draft, words); !added) {
      return tl::unexpected<Error>{std::move(added).error()};
    }
    draft.kind = evidence::ItemKind::screenshot;
    for (const auto& file : files) {
      draft.file_name = file.file_name;
      if (auto added = evidence::add_item(tx, context, draft, file.content); !added) {
        return tl::unexpected<Error>{std::move(added).error()};
      }
    }
    return {};
  }};
}

Result<Response> take_api_report(const Services& services, const cases::ReportDraft& draft,
                                 const std::vector<StoredFile>& pictures) {
  if (draft.text.empty()) {
    return fail(ErrorCode::invalid_argument, "the report is empty", "report_empty");
  }
  auto attach = attach_to_case(services, draft.text, pictures);
  if (!attach) return tl::unexpected<Error>{std::move(attach).error()};
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto receipt = cases::receive_report(tx, services.cases, draft);
    if (!receipt) return tl::unexpected<Error>{std::move(receipt).error()};
    if (auto attached = (*attach)(tx, *receipt); !attached) {
      return tl::unexpected<Error>{std::move(attached).error()};
    }
    Json::Array subjects;
    for (const auto& subject : receipt->subjects) subjects.emplace_back(subject.display);
    return json(201, Json::object({{"code", receipt->code},
                                   {"case_number", receipt->case_number},
                                   {"received_at_ms", receipt->received_at_ms},
                                   {"subjects", Json{std::move(subjects)}}}));
  });
}

void add_report_uploads(Routes& routes, const Services& services) {
  routes.push_back(upload_route("/report", [&services](const Request& request) {
    return open_page_form(services, request);
  }));
  routes.push_back(upload_route("/api/v1/reports", [&services](const Request& request) {
    return open_api_report(services, request);
  }));
}

}  // namespace khien::api
