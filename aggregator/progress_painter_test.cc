#include "aggregator/progress_painter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace starling {
namespace {

// A terminal of `width` columns that understands what the painter sends.
class Screen {
 public:
  explicit Screen(int width) : width_(width) {}

  void Feed(const std::string& text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {
        column_ = 0;
      } else if (text[i] == '\n') {
        ++row_, column_ = 0;
      } else if (text[i] == '\033') {
        i = Escape(text, i + 2);
      } else {
        if (column_ == width_) ++row_, column_ = 0;
        std::string& line = Row(row_);
        line.resize(std::max<size_t>(line.size(), column_ + 1), ' ');
        line[column_++] = text[i];
      }
    }
  }

  std::string text() {
    std::string all;
    for (const std::string& line : rows_) all += line + "\n";
    return all;
  }

 private:
  std::string& Row(size_t row) {
    if (rows_.size() <= row) rows_.resize(row + 1);
    return rows_[row];
  }

  size_t Escape(const std::string& text, size_t i) {
    int number = 0;
    for (; isdigit(text[i]); ++i) number = number * 10 + text[i] - '0';
    if (text[i] == 'A') {
      EXPECT_LE(number, row_) << "the cursor left the screen";
      row_ -= number;
    } else if (text[i] == 'K') {
      Row(row_).resize(std::min<size_t>(Row(row_).size(), column_));
    } else if (text[i] == 'J') {
      Row(row_).resize(std::min<size_t>(Row(row_).size(), column_));
      rows_.resize(row_);
    } else {
      EXPECT_EQ(text[i], 'm');
    }
    return i;
  }

  std::vector<std::string> rows_;
  int width_, row_ = 0, column_ = 0;
};

class ProgressPainterTest : public testing::Test {
 protected:
  ProgressPainterTest() {
    view_.name = "run";
    view_.generations = 9;
  }
  ~ProgressPainterTest() override { std::fclose(stream_); }

  // What was written since the last call.
  std::string Written() {
    std::string text(std::ftell(stream_) - read_, '\0');
    std::fseek(stream_, read_, SEEK_SET);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), stream_), text.size());
    read_ += static_cast<long>(text.size());
    return text;
  }

  std::FILE* stream_ = std::tmpfile();
  long read_ = 0;
  ProgressView view_;
};

TEST_F(ProgressPainterTest, BlockReplacesTheOneBeforeAndMessagesStayAbove) {
  ProgressPainter painter(stream_, ProgressMode::kBar, true, 60);
  Screen screen(60);

  painter.Update(view_);
  view_.warnings = {"a warning that makes the block taller"};
  painter.Update(view_);
  painter.Message("a message");
  view_.warnings.clear();
  view_.generation = 3;
  painter.Update(view_);
  screen.Feed(Written());

  EXPECT_EQ(screen.text(), "a message\n" + RenderBlock(view_, 59, false));
}

TEST_F(ProgressPainterTest, RepaintingNeverClearsTheScreenFirst) {
  ProgressPainter painter(stream_, ProgressMode::kBar, false, 60);
  painter.Update(view_);
  Written();

  painter.Update(view_);

  const std::string text = Written();
  EXPECT_GT(text.find("\033[J"), text.rfind('\n')) << text;
}

TEST_F(ProgressPainterTest, PlainWritesOneLineAGeneration) {
  ProgressPainter painter(stream_, ProgressMode::kPlain, false);

  painter.Update(view_);
  view_.generation = 1;
  painter.Update(view_);
  painter.Update(view_);
  painter.Message("note");
  view_.generation = 2;
  painter.Update(view_);

  const std::string second = RenderLine(view_);
  view_.generation = 1;
  EXPECT_EQ(Written(), RenderLine(view_) + "\nnote\n" + second + "\n");
}

TEST_F(ProgressPainterTest, NoneWritesMessagesOnly) {
  ProgressPainter painter(stream_, ProgressMode::kNone, false);
  view_.generation = 1;
  painter.Update(view_);
  painter.Message("note");
  EXPECT_EQ(Written(), "note\n");
}

TEST_F(ProgressPainterTest, ModesAreParsed) {
  EXPECT_EQ(*ParseProgressMode("auto", true), ProgressMode::kBar);
  EXPECT_EQ(*ParseProgressMode("auto", false), ProgressMode::kPlain);
  EXPECT_EQ(*ParseProgressMode("none", true), ProgressMode::kNone);
  EXPECT_FALSE(ParseProgressMode("fancy", true).ok());
  EXPECT_FALSE(UseColor(stream_, nullptr));
}

}  // namespace
}  // namespace starling
