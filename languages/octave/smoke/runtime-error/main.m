1;

function fail(n)
  error("boom");
end

fail(3);
