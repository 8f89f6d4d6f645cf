def fail_at(n : Int32)
  raise ArgumentError.new("boom #{n}")
end

fail_at(3)
