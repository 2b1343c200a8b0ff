// SPDX-License-Identifier: Apache-2.0
#include "cdc/query_classifier.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "cdc/value/client_charset.h"

namespace cdc {
namespace {

constexpr uint64_t kAnsiQuotes = 4;
constexpr uint64_t kNoBackslashEscapes = uint64_t{1} << 20;

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

struct Token {
  enum class Kind { kEnd, kWord, kQuotedName, kString, kSymbol };
  Kind kind = Kind::kEnd;
  // A word as it stands, a quoted name without its quotes, one symbol.
  std::string text;

  bool Is(absl::string_view keyword) const { return kind == Kind::kWord && absl::EqualsIgnoreCase(text, keyword); }
  bool IsSymbol(char c) const { return kind == Kind::kSymbol && text[0] == c; }
  bool IsName() const { return kind == Kind::kWord || kind == Kind::kQuotedName; }
};

class Tokenizer {
 public:
  Tokenizer(absl::string_view text, uint64_t sql_mode, const ClientCharset& charset)
      : rest_(text), sql_mode_(sql_mode), charset_(charset) {
    Advance();
  }

  const Token& token() const { return token_; }
  // What stands behind the current token.
  absl::string_view rest() const { return rest_; }

  void Advance() {
    SkipSpaceAndComments();
    token_.text.clear();
    if (rest_.empty()) {
      token_.kind = Token::Kind::kEnd;
      return;
    }
    const char c = rest_.front();
    if (IsWordByte(c)) {
      size_t size = 0;
      while (size < rest_.size() && IsWordByte(rest_[size])) size += charset_.CharacterSize(rest_.substr(size));
      token_.kind = Token::Kind::kWord;
      token_.text.assign(rest_.data(), size);
      rest_.remove_prefix(size);
    } else if (c == '`' || c == '"' || c == '\'') {
      const bool is_name = c == '`' || (c == '"' && (sql_mode_ & kAnsiQuotes) != 0);
      token_.kind = is_name ? Token::Kind::kQuotedName : Token::Kind::kString;
      ReadQuoted(c, !is_name && (sql_mode_ & kNoBackslashEscapes) == 0);
    } else {
      token_.kind = Token::Kind::kSymbol;
      token_.text.assign(1, c);
      rest_.remove_prefix(1);
    }
  }

  // Consumes the token if it is this keyword.
  bool Take(absl::string_view keyword) {
    if (!token_.Is(keyword)) return false;
    Advance();
    return true;
  }
  bool TakeSymbol(char c) {
    if (!token_.IsSymbol(c)) return false;
    Advance();
    return true;
  }
  // True for IF NOT EXISTS.
  bool TakeIfExists() {
    if (!Take("IF")) return false;
    const bool negated = Take("NOT");
    Take("EXISTS");
    return negated;
  }

 private:
  void ReadQuoted(char quote, bool backslash_escapes) {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      const char c = rest_.front();
      const size_t size = charset_.CharacterSize(rest_);
      if (size > 1) {
        token_.text.append(rest_.data(), size);
        rest_.remove_prefix(size);
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '\\' && backslash_escapes && !rest_.empty()) {
        token_.text.push_back(rest_.front());
        rest_.remove_prefix(1);
      } else if (c != quote) {
        token_.text.push_back(c);
      } else if (!rest_.empty() && rest_.front() == quote) {
        token_.text.push_back(quote);
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }

  void SkipLine() {
    const size_t end = rest_.find('\n');
    rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + 1);
  }

  void SkipSpaceAndComments() {
    while (!rest_.empty()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(rest_.front()))) {
        rest_.remove_prefix(1);
      } else if (absl::StartsWith(rest_, "/*!") || absl::StartsWith(rest_, "/*M!")) {
        // Its content is read; its end is taken for space below.
        rest_.remove_prefix(rest_.find('!') + 1);
        while (!rest_.empty() && absl::ascii_isdigit(static_cast<unsigned char>(rest_.front()))) {
          rest_.remove_prefix(1);
        }
      } else if (absl::StartsWith(rest_, "*/")) {
        rest_.remove_prefix(2);
      } else if (absl::StartsWith(rest_, "/*")) {
        const size_t end = rest_.find("*/", 2);
        rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + 2);
      } else if (rest_.front() == '#') {
        SkipLine();
      } else if (absl::StartsWith(rest_, "--") &&
                 (rest_.size() == 2 || absl::ascii_isspace(static_cast<unsigned char>(rest_[2])))) {
        SkipLine();
      } else {
        return;
      }
    }
  }

  absl::string_view rest_;
  const uint64_t sql_mode_;
  const ClientCharset& charset_;
  Token token_;
};

// table := [schema "."] name. False if there is none.
bool ReadTable(Tokenizer* tokens, const ClientCharset& charset, absl::string_view default_schema, TableChange* change) {
  tokens->TakeSymbol('.');
  if (!tokens->token().IsName()) return false;
  change->schema = std::string(default_schema);
  change->table = charset.NameToUtf8(tokens->token().text);
  tokens->Advance();
  if (tokens->TakeSymbol('.')) {
    if (!tokens->token().IsName()) return false;
    change->schema = std::move(change->table);
    change->table = charset.NameToUtf8(tokens->token().text);
    tokens->Advance();
  }
  return true;
}

class Classifier {
 public:
  explicit Classifier(const QueryEvent& query)
      : query_(query), charset_(query.client_collation, query.text), tokens_(query.text, query.sql_mode, charset_) {}

  ClassifiedQuery Run() {
    while (SkipSetStatement()) {
    }
    out_.kind = Statement();
    return std::move(out_);
  }

 private:
  // MariaDB's SET STATEMENT … FOR, which may stand before another. Where no FOR comes, nothing is known of what
  // follows.
  bool SkipSetStatement() {
    if (!tokens_.token().Is("SET") || is_set_) return false;
    tokens_.Advance();
    is_set_ = !tokens_.Take("STATEMENT");
    int depth = 0;
    while (!is_set_ && tokens_.token().kind != Token::Kind::kEnd) {
      if (tokens_.TakeSymbol('(')) {
        ++depth;
      } else if (tokens_.TakeSymbol(')')) {
        --depth;
      } else if (depth == 0 && tokens_.Take("FOR")) {
        return true;
      } else {
        tokens_.Advance();
      }
    }
    lacks_for_ = !is_set_;
    return false;
  }

  QueryKind Statement() {
    if (is_set_) return QueryKind::kOther;
    if (lacks_for_) return QueryKind::kDml;
    const Token& token = tokens_.token();
    if (token.kind == Token::Kind::kEnd) return QueryKind::kOther;  // A comment: MariaDB's dummy events.
    if (token.IsSymbol('(')) return QueryKind::kDml;
    // BEGIN NOT ATOMIC is a block of statements, each of which is logged by itself.
    if (tokens_.Take("BEGIN")) return token.Is("NOT") ? QueryKind::kDml : QueryKind::kBegin;
    if (tokens_.Take("START")) return token.Is("TRANSACTION") ? QueryKind::kBegin : QueryKind::kOther;
    if (tokens_.Take("COMMIT")) return QueryKind::kCommit;
    if (tokens_.Take("ROLLBACK")) return Rollback();
    if (tokens_.Take("SAVEPOINT")) {
      out_.name = token.text;
      return QueryKind::kSavepoint;
    }
    if (tokens_.Take("XA")) return Xa();
    if (tokens_.Take("CREATE")) return Create();
    if (tokens_.Take("ALTER")) return Alter();
    if (tokens_.Take("DROP")) return Drop();
    if (tokens_.Take("RENAME")) return Rename();
    if (tokens_.Take("TRUNCATE")) {
      tokens_.Take("TABLE");
      return Table(SchemaChange::Kind::kTruncate);
    }
    // Of a statement it executes that one: MariaDB's ANALYZE UPDATE, MySQL's EXPLAIN ANALYZE SELECT of a function.
    if (tokens_.Take("ANALYZE")) {
      const bool of_tables =
          token.Is("TABLE") || token.Is("TABLES") || token.Is("LOCAL") || token.Is("NO_WRITE_TO_BINLOG");
      return of_tables ? QueryKind::kOther : QueryKind::kDml;
    }
    if (tokens_.Take("EXPLAIN") || tokens_.Take("DESC") || tokens_.Take("DESCRIBE")) {
      return token.Is("ANALYZE") ? QueryKind::kDml : QueryKind::kOther;
    }
    static const auto* const kHarmless = new absl::flat_hash_set<std::string>(
        {"BACKUP", "CACHE",   "CHANGE", "CHECK",    "CHECKSUM", "CLONE",     "DEALLOCATE", "FLUSH",   "GRANT",
         "HELP",   "INSTALL", "KILL",   "LOCK",     "OPTIMIZE", "PREPARE",   "PURGE",      "RELEASE", "REPAIR",
         "RESET",  "REVOKE",  "SHOW",   "SHUTDOWN", "STOP",     "UNINSTALL", "UNLOCK",     "USE"});
    if (token.kind == Token::Kind::kWord && kHarmless->contains(absl::AsciiStrToUpper(token.text))) {
      return QueryKind::kOther;
    }
    return QueryKind::kDml;
  }

  QueryKind Rollback() {
    tokens_.Take("WORK");
    if (!tokens_.Take("TO")) return QueryKind::kRollback;
    // A savepoint may be named SAVEPOINT.
    if (tokens_.token().Is("SAVEPOINT")) {
      out_.name = tokens_.token().text;
      tokens_.Advance();
      if (!tokens_.token().IsName()) return QueryKind::kRollbackToSavepoint;
    }
    out_.name = tokens_.token().text;
    return QueryKind::kRollbackToSavepoint;
  }

  QueryKind Xa() {
    QueryKind kind = QueryKind::kOther;
    if (tokens_.token().Is("START") || tokens_.token().Is("BEGIN")) {
      kind = QueryKind::kXaStart;
    } else if (tokens_.token().Is("END")) {
      kind = QueryKind::kXaEnd;
    } else if (tokens_.token().Is("COMMIT")) {
      kind = QueryKind::kXaCommit;
    } else if (tokens_.token().Is("ROLLBACK")) {
      kind = QueryKind::kXaRollback;
    }
    absl::string_view xid = absl::StripAsciiWhitespace(tokens_.rest());
    if (absl::EndsWithIgnoreCase(xid, " ONE PHASE")) xid.remove_suffix(10);
    out_.name = std::string(absl::StripAsciiWhitespace(xid));
    return kind;
  }

  QueryKind Table(SchemaChange::Kind kind) {
    TableChange change{kind, {}, {}, false};
    if (!ReadTable(&tokens_, charset_, query_.schema, &change)) return QueryKind::kOther;
    out_.tables.push_back(std::move(change));
    return QueryKind::kDdl;
  }

  bool TakeTableKeyword() { return tokens_.Take("TABLE") || tokens_.Take("TABLES"); }

  QueryKind Create() {
    const bool or_replace = tokens_.Take("OR");
    if (or_replace) tokens_.Take("REPLACE");
    if (tokens_.token().Is("TEMPORARY")) return QueryKind::kOther;
    if (or_replace && (tokens_.Take("DATABASE") || tokens_.Take("SCHEMA"))) return DropDatabase();
    if (TakeTableKeyword()) {
      const bool if_not_exists = tokens_.TakeIfExists();
      const QueryKind kind = Table(SchemaChange::Kind::kCreate);
      if (kind == QueryKind::kDdl) {
        TableChange& made = out_.tables.front();
        made.if_not_exists = if_not_exists;
        // The rows of the one that was there are gone.
        if (or_replace) {
          out_.tables.insert(out_.tables.begin(), {SchemaChange::Kind::kDrop, made.schema, made.table, false});
        }
      }
      while (tokens_.token().kind != Token::Kind::kEnd) {
        // SELECT, TABLE t, VALUES ROW(…): but a partition holds VALUES LESS THAN, or VALUES IN.
        if (tokens_.Take("VALUES")) {
          if (!tokens_.token().Is("LESS") && !tokens_.token().Is("IN")) out_.writes_rows = true;
        } else {
          if (tokens_.token().Is("SELECT") || tokens_.token().Is("TABLE")) out_.writes_rows = true;
          tokens_.Advance();
        }
      }
      return kind;
    }
    // An index changes no column.
    return QueryKind::kOther;
  }

  QueryKind DropDatabase() {
    tokens_.TakeIfExists();
    out_.tables.push_back({SchemaChange::Kind::kDrop, charset_.NameToUtf8(tokens_.token().text), {}, false});
    return QueryKind::kDdl;
  }

  QueryKind Alter() {
    while (tokens_.Take("ONLINE") || tokens_.Take("OFFLINE") || tokens_.Take("IGNORE")) {
    }
    if (!TakeTableKeyword()) return QueryKind::kOther;
    tokens_.TakeIfExists();
    if (Table(SchemaChange::Kind::kAlter) != QueryKind::kDdl) return QueryKind::kDml;
    int depth = 0;
    while (tokens_.token().kind != Token::Kind::kEnd) {
      if (tokens_.TakeSymbol('(')) {
        ++depth;
      } else if (tokens_.TakeSymbol(')')) {
        --depth;
      } else if (depth == 0 && tokens_.Take("RENAME")) {
        const Token& next = tokens_.token();
        if (next.Is("COLUMN") || next.Is("INDEX") || next.Is("KEY") || next.Is("CONSTRAINT")) continue;
        if (!tokens_.Take("TO") && !tokens_.Take("AS")) tokens_.TakeSymbol('=');
        if (Table(SchemaChange::Kind::kRename) == QueryKind::kDdl) {
          out_.tables.front().kind = SchemaChange::Kind::kRename;
        }
      } else if (depth == 0 && (tokens_.Take("WITH") || tokens_.Take("CONVERT") || tokens_.Take("TO"))) {
        // EXCHANGE PARTITION p WITH TABLE u; CONVERT TABLE u TO PARTITION p, CONVERT PARTITION p TO TABLE u.
        if (tokens_.Take("TABLE")) Table(SchemaChange::Kind::kAlter);
      } else {
        tokens_.Advance();
      }
    }
    return QueryKind::kDdl;
  }

  QueryKind Drop() {
    if (tokens_.token().Is("TEMPORARY")) return QueryKind::kOther;
    if (tokens_.Take("DATABASE") || tokens_.Take("SCHEMA")) return DropDatabase();
    if (!TakeTableKeyword()) return QueryKind::kOther;
    tokens_.TakeIfExists();
    do {
      if (Table(SchemaChange::Kind::kDrop) != QueryKind::kDdl) return QueryKind::kDml;
    } while (tokens_.TakeSymbol(','));
    return QueryKind::kDdl;
  }

  QueryKind Rename() {
    if (!TakeTableKeyword()) return QueryKind::kOther;
    tokens_.TakeIfExists();
    do {
      if (Table(SchemaChange::Kind::kRename) != QueryKind::kDdl) return QueryKind::kDml;
      while (tokens_.token().kind != Token::Kind::kEnd && !tokens_.token().Is("TO")) tokens_.Advance();
      tokens_.Take("TO");
      if (Table(SchemaChange::Kind::kRename) != QueryKind::kDdl) return QueryKind::kDml;
    } while (tokens_.TakeSymbol(','));
    return QueryKind::kDdl;
  }

  const QueryEvent& query_;
  const ClientCharset charset_;
  Tokenizer tokens_;
  ClassifiedQuery out_;
  // A SET of no statement, and a SET STATEMENT without its FOR.
  bool is_set_ = false;
  bool lacks_for_ = false;
};

}  // namespace

ClassifiedQuery ClassifyQuery(const QueryEvent& query) {
  ClassifiedQuery out;
  // Nine of ten.
  if (query.text == "BEGIN") {
    out.kind = QueryKind::kBegin;
    return out;
  }
  if (query.load_data) {
    out.kind = QueryKind::kDml;
    return out;
  }
  return Classifier(query).Run();
}

bool NamesIdentifier(absl::string_view text, absl::string_view name) {
  if (name.empty()) return false;
  auto from = text.begin();
  while (true) {
    const auto found = std::search(from, text.end(), name.begin(), name.end(), [](char a, char b) {
      return absl::ascii_tolower(static_cast<unsigned char>(a)) == absl::ascii_tolower(static_cast<unsigned char>(b));
    });
    if (found == text.end()) return false;
    const auto end = found + static_cast<std::ptrdiff_t>(name.size());
    if ((found == text.begin() || !IsWordByte(found[-1])) && (end == text.end() || !IsWordByte(*end))) return true;
    from = found + 1;
  }
}

}  // namespace cdc
