package Square is
   function Area (Side : Integer) return Integer is (Side * Side);
end Square;
