foreach word $argv { puts "<$word>" }
