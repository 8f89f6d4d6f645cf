my $text = <STDIN>;
chomp $text;
print "$text ↔ 硅藻 🦠\n";
