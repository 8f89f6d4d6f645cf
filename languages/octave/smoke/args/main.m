words = argv();
for i = 1:numel(words)
  printf("<%s>\n", words{i});
end
