def fail_at(n)
  raise ArgumentError, "boom (#{n})"
end

fail_at(3)
