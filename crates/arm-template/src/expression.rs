//! Expressions of the template language: `[concat(parameters('a').b[0], '-c')]`, read into a tree.

use super::error::{Result, TemplateError};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Text(String),
    Number(i64),
    Call(Call),
    /// A property or an element of something.
    Of(Box<Expression>, Access),
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// As written; names compare without case.
    pub(crate) name: String,
    pub(crate) arguments: Vec<Expression>,
}

/// What of a value is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Access {
    /// A property's name, or what is in brackets.
    pub(crate) key: Box<Expression>,
    /// `.?x` and `[?x]`: `null` where there is none.
    pub(crate) safe: bool,
}

impl Expression {
    /// Calls `visit` for every call in it, the outer ones first.
    pub(crate) fn calls(&self, visit: &mut impl FnMut(&Call)) {
        match self {
            Self::Text(_) | Self::Number(_) => {}
            Self::Call(call) => {
                visit(call);
                for argument in &call.arguments {
                    argument.calls(visit);
                }
            }
            Self::Of(value, access) => {
                value.calls(visit);
                access.key.calls(visit);
            }
        }
    }
}

/// What a string of a template is.
#[derive(Debug, PartialEq)]
pub(crate) enum Written {
    /// Itself; of `[[` one bracket is gone.
    Literal(String),
    Expression(Expression),
}

/// Reads a string of a template: an expression stands in brackets, `[[` is a bracket.
pub(crate) fn read(text: &str) -> Result<Written> {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Ok(Written::Literal(text.to_owned()));
    };
    if inner.starts_with('[') {
        return Ok(Written::Literal(text[1..].to_owned()));
    }
    let mut parser = Parser {
        text: inner,
        tokens: tokens(inner)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.expression()?;
    parser.expect(&Token::End)?;
    Ok(Written::Expression(expression))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(i64),
    Name(String),
    LeftParenthesis,
    RightParenthesis,
    LeftSquareBracket,
    RightSquareBracket,
    Comma,
    Dot,
    QuestionMark,
    End,
}

impl Token {
    /// The name that ARM gives it in messages.
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "Literal",
            Self::Number(_) => "Integer",
            Self::Name(_) => "Identifier",
            Self::LeftParenthesis => "LeftParenthesis",
            Self::RightParenthesis => "RightParenthesis",
            Self::LeftSquareBracket => "LeftSquareBracket",
            Self::RightSquareBracket => "RightSquareBracket",
            Self::Comma => "Comma",
            Self::Dot => "Dot",
            Self::QuestionMark => "QuestionMark",
            Self::End => "EndOfData",
        }
    }
}

fn unreadable(text: &str, reason: &str) -> TemplateError {
    TemplateError::template(format!(
        "Unable to parse language expression '{text}': {reason}. Please see \
         https://aka.ms/arm-template-expressions for usage details."
    ))
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let token = match c {
            ' ' | '\t' | '\r' | '\n' => continue,
            '(' => Token::LeftParenthesis,
            ')' => Token::RightParenthesis,
            '[' => Token::LeftSquareBracket,
            ']' => Token::RightSquareBracket,
            ',' => Token::Comma,
            '.' => Token::Dot,
            '?' => Token::QuestionMark,
            '\'' => {
                let mut literal = String::new();
                loop {
                    match rest.next() {
                        // Two quotes are one.
                        Some((_, '\'')) if rest.next_if(|(_, next)| *next == '\'').is_some() => {
                            literal.push('\'');
                        }
                        Some((_, '\'')) => break,
                        Some((_, other)) => literal.push(other),
                        None => return Err(unreadable(text, "the string literal is not terminated")),
                    }
                }
                Token::Text(literal)
            }
            '-' | '0'..='9' => {
                let mut end = at + 1;
                while rest.next_if(|(_, next)| next.is_ascii_digit()).is_some() {
                    end += 1;
                }
                let number = &text[at..end];
                let number = number
                    .parse()
                    .map_err(|_| unreadable(text, &format!("'{number}' is not an integer")))?;
                Token::Number(number)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::from(c);
                while let Some((_, next)) =
                    rest.next_if(|(_, next)| next.is_ascii_alphanumeric() || *next == '_')
                {
                    name.push(next);
                }
                Token::Name(name)
            }
            c => {
                return Err(unreadable(
                    text,
                    &format!("the character '{c}' at position '{at}' is not expected"),
                ));
            }
        };
        tokens.push(token);
    }
    tokens.push(Token::End);
    Ok(tokens)
}

/// Deeper than anybody writes; a stack has an end.
const DEEPEST: usize = 100;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == wanted;
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<()> {
        if self.take(wanted) {
            return Ok(());
        }
        let reason = format!(
            "expected token '{}' and actual '{}'",
            wanted.name(),
            self.peek().name()
        );
        Err(unreadable(self.text, &reason))
    }

    fn expression(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(unreadable(self.text, "the expression is nested too deeply"));
        }
        let mut expression = match self.next() {
            Token::Text(text) => Expression::Text(text),
            Token::Number(number) => Expression::Number(number),
            Token::Name(name) => self.call(name)?,
            other => {
                let reason = format!("expected token 'Identifier' and actual '{}'", other.name());
                return Err(unreadable(self.text, &reason));
            }
        };
        loop {
            let access = if self.take(&Token::Dot) {
                let safe = self.take(&Token::QuestionMark);
                let Token::Name(name) = self.next() else {
                    return Err(unreadable(self.text, "expected token 'Identifier' after 'Dot'"));
                };
                Access {
                    key: Box::new(Expression::Text(name)),
                    safe,
                }
            } else if self.take(&Token::LeftSquareBracket) {
                let safe = self.take(&Token::QuestionMark);
                let key = Box::new(self.expression()?);
                self.expect(&Token::RightSquareBracket)?;
                Access { key, safe }
            } else {
                break;
            };
            expression = Expression::Of(Box::new(expression), access);
        }
        self.depth -= 1;
        Ok(expression)
    }

    fn call(&mut self, mut name: String) -> Result<Expression> {
        // A function of the template's own has a namespace.
        while self.peek() == &Token::Dot && matches!(self.tokens.get(self.at + 1), Some(Token::Name(_))) {
            self.at += 1;
            if let Token::Name(more) = self.next() {
                name = format!("{name}.{more}");
            }
        }
        self.expect(&Token::LeftParenthesis)?;
        let mut arguments = Vec::new();
        if !self.take(&Token::RightParenthesis) {
            loop {
                arguments.push(self.expression()?);
                if self.take(&Token::RightParenthesis) {
                    break;
                }
                self.expect(&Token::Comma)?;
            }
        }
        Ok(Expression::Call(Call { name, arguments }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        fn show(expression: &Expression) -> String {
            match expression {
                Expression::Text(text) => format!("'{text}'"),
                Expression::Number(number) => number.to_string(),
                Expression::Call(call) => {
                    let arguments: Vec<String> = call.arguments.iter().map(show).collect();
                    format!("{}({})", call.name, arguments.join(" "))
                }
                Expression::Of(value, access) => {
                    let safe = if access.safe { "?" } else { "" };
                    format!("{}[{safe}{}]", show(value), show(&access.key))
                }
            }
        }
        match read(text) {
            Ok(Written::Literal(text)) => format!("literal {text}"),
            Ok(Written::Expression(expression)) => show(&expression),
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn an_expression_stands_in_brackets_and_two_brackets_are_one() {
        assert_eq!(shown("plain"), "literal plain");
        assert_eq!(shown("[not closed"), "literal [not closed");
        assert_eq!(shown("[[parameters('x')]"), "literal [parameters('x')]");
        assert_eq!(shown("['it''s']"), "'it's'");
        assert_eq!(
            shown("[ Concat(parameters('a').b[variables('i')], -1)[0].?c[?'d'] ]"),
            "Concat(parameters('a')['b'][variables('i')] -1)[0][?'c'][?'d']"
        );
        assert_eq!(shown("[a.b(1)]"), "a.b(1)");
    }

    #[test]
    fn what_is_no_expression_is_told_with_what_was_expected() {
        for (text, reason) in [
            ("[concat('a'", "literal [concat('a'"),
            ("[concat('a']", "expected token 'Comma' and actual 'EndOfData'"),
            (
                "[concat]",
                "expected token 'LeftParenthesis' and actual 'EndOfData'",
            ),
            ("['a' 'b']", "expected token 'EndOfData' and actual 'Literal'"),
            ("['a]", "the string literal is not terminated"),
            ("[a(#)]", "the character '#' at position '2' is not expected"),
            ("[]", "expected token 'Identifier' and actual 'EndOfData'"),
            ("[99999999999999999999]", "is not an integer"),
        ] {
            assert!(shown(text).contains(reason), "{text}: {}", shown(text));
        }
        let deep = format!("[{}1{}]", "not(".repeat(200), ")".repeat(200));
        assert!(shown(&deep).contains("too deeply"));
    }
}
