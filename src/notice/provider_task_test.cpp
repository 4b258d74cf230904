#include "notice/provider_task.h"

#include <gtest/gtest.h>

namespace khien::notice {
namespace {

TEST(ProviderTaskMail, SaysWhereAndUntilWhenInBothLanguagesAndNamesNothing) {
  const auto mail = provider_task_mail(
      [](std::string_view language, std::string_view key) {
        return std::string{language} + "|" + std::string{key};
      },
      {.provider = "Nhà mạng A",
       .names = 3,
       .due = "28/11/2026 11:00",
       .link = "https://khien.example/provider",
       .code = "7KQ2-M4XN"});
  EXPECT_EQ(mail.subject, "vi|mail.provider.subject");
  for (const auto* language : {"vi", "en"}) {
    for (const auto* line : {"|mail.provider.who: Nhà mạng A\n", "|mail.provider.names: 3\n",
                             "|mail.provider.due: 28/11/2026 11:00\n",
                             "|mail.provider.open: https://khien.example/provider\n",
                             "|mail.provider.code: 7KQ2-M4XN\n"}) {
      EXPECT_NE(mail.text.find(std::string{language} + line), std::string::npos)
          << language << line << mail.text;
    }
  }
  EXPECT_TRUE(mail.to.empty());
}

}  // namespace
}  // namespace khien::notice
